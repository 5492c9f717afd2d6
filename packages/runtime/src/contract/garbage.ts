import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

let gc: NodeJS.GCFunction | undefined;

/**
 * Collects garbage now: all of it, or what was made last, which is much less work. V8 collects when
 * objects are made; it may wait too long where these are few. The switch exists for a running process
 * only in this form.
 */
export function collectGarbage(type: 'major' | 'minor'): void {
  if (!gc) {
    setFlagsFromString('--expose-gc');
    gc = runInNewContext('gc') as NodeJS.GCFunction;
    setFlagsFromString('--no-expose-gc');
  }
  gc({ type });
}
