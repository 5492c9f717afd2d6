import { PluginError } from '@vrsky/runtime';
import type { ConnectionNode } from '@vrsky/runtime/host';
import type { Direction, Integration } from '../config/integration.ts';

/** What a call threw, as a PluginError without secrets; a deadline becomes TIMEOUT. */
export function failureOf(thrown: unknown, redact: (text: string) => string): PluginError {
  if (isDeadline(thrown)) {
    const text = 'the connector did not answer in time; the outcome is unknown';
    return new PluginError('TIMEOUT', text, { cause: thrown });
  }
  return PluginError.from(thrown).redacted(redact);
}

/**
 * Whether a connector that works has answered so. The cause is outside then, and another process
 * would meet the same; it helps against INTERNAL and against no answer.
 */
export async function isAnswer(
  thrown: unknown,
  node: ConnectionNode,
  timeoutMs: number,
): Promise<boolean> {
  if (!(thrown instanceof PluginError) || thrown.code === 'INTERNAL') return false;
  // A connector that is gone has the code of an outside that is: it answers nothing else either.
  if (thrown.code !== 'CONNECTION_FAILED') return true;
  return node.metadata({ timeoutMs }).then(
    () => true,
    () => false,
  );
}

function isDeadline(thrown: unknown): boolean {
  return thrown instanceof DOMException && thrown.name === 'TimeoutError';
}

/** Tells an operator which connection failed, and where its file says so. */
export function placed(
  error: PluginError,
  integration: Integration,
  direction: Direction,
  path: string,
): PluginError {
  const field = [direction, path].filter(Boolean).join('.');
  // A connector names the setting itself; here it has the place in the file before it.
  const own = `${path}: `;
  const { rawMessage } = error;
  const rest = rawMessage.startsWith(own) ? rawMessage.slice(own.length) : rawMessage;
  const text = `${integration.locate(field)}: ${field}: ${rest}`;
  return error.withText(text, field);
}
