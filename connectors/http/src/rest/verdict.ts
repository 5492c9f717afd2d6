import type { RestSettings } from './settings.ts';
import { statusMatcher } from './status-range.ts';

/** What the settings say of a status; undefined = what it means anyway. */
export type Verdict = (status: number) => 'success' | 'retry' | undefined;

/** Compiles `successStatus` and `retryStatus`; success wins. */
export function compileVerdict({
  successStatus,
  retryStatus,
}: Pick<RestSettings, 'successStatus' | 'retryStatus'>): Verdict {
  const isSuccess = statusMatcher(successStatus);
  const isRetry = statusMatcher(retryStatus);
  return (status) => {
    if (isSuccess(status)) return 'success';
    return isRetry(status) ? 'retry' : undefined;
  };
}
