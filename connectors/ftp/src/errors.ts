import { PluginError } from '@vrsky/runtime';
import { excerpt } from '@vrsky/runtime/plugin';
import { type Failure, failureOf, INCOMPLETE, NO_TLS, type Operation } from './failures.ts';

/** Of what a server says in a text. */
const LONGEST_WORDS = 300;

/**
 * What a failure of a client library means.
 * @param target what was tried where, such as `RETR of /a.csv at host:21`, without anything secret
 */
export function remoteError(thrown: unknown, operation: Operation, target: string): PluginError {
  if (thrown instanceof PluginError) return thrown;
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const code = (error as { code?: unknown }).code;
  const failure = failureOf(error.message, code, operation);
  return toError(
    failure,
    operation,
    `${target} failed: ${failure.text} (${excerpt(error.message, LONGEST_WORDS)})`,
    error,
  );
}

/** A transfer that ended well as far as the server says, and is not whole. */
export function incomplete(operation: Operation, target: string, got: number, expected: number) {
  const text = `${target} is incomplete: ${got} bytes instead of ${expected}`;
  return toError(INCOMPLETE, operation, text, undefined);
}

/** TLS that was refused, before any password was sent. */
export function tlsRefused(thrown: unknown, target: string): PluginError {
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return toError(
    NO_TLS,
    'connect',
    `${target} failed: ${NO_TLS.text} (${excerpt(text, LONGEST_WORDS)})`,
    thrown,
  );
}

function toError(
  failure: Failure,
  operation: Operation,
  text: string,
  cause: unknown,
): PluginError {
  const { code, text: _, ...options } = failure;
  const writes = operation === 'write' || operation === 'rename';
  return new PluginError(code ?? (writes ? 'SEND_FAILED' : 'CONNECTION_FAILED'), text, {
    ...options,
    cause,
  });
}
