import { PluginError } from '@vrsky/runtime';
import type { Direction, Integration } from '../config/integration.ts';

/** What a call threw, as a PluginError without secrets; a deadline becomes TIMEOUT. */
export function failureOf(thrown: unknown, redact: (text: string) => string): PluginError {
  if (thrown instanceof PluginError) return thrown.withText(redact(thrown.rawMessage));
  const timedOut = thrown instanceof DOMException && thrown.name === 'TimeoutError';
  if (timedOut) {
    const text = 'the connector did not answer in time; the outcome is unknown';
    return new PluginError('TIMEOUT', text, { cause: thrown });
  }
  const error = PluginError.from(thrown);
  return error.withText(redact(error.rawMessage));
}

/** Tells an operator which connection failed, and where its file says so. */
export function placed(
  error: PluginError,
  integration: Integration,
  direction: Direction,
  path: string,
): PluginError {
  const field = [direction, path].filter(Boolean).join('.');
  const text = `${integration.locate(field)}: ${field}: ${error.rawMessage}`;
  return error.withText(text, field);
}
