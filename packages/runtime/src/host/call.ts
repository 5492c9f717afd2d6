import type { CallOptions as RpcOptions } from '@connectrpc/connect';
import { errorFromStatus } from '../wire/error.ts';
import type { CallOptions } from './connection-node.ts';

/** One call by Connect, with its failure in the caller's terms. */
export async function call<T>(
  { signal, timeoutMs }: CallOptions,
  run: (options: RpcOptions) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  try {
    return await run({
      ...(signal && { signal }),
      ...(timeoutMs !== undefined && { timeoutMs }),
    });
  } catch (error) {
    throw failureOf(error, signal);
  }
}

/** A caller who has given up gets his own reason, whatever that is. */
export function failureOf(status: unknown, signal: AbortSignal | undefined): unknown {
  return signal?.aborted ? signal.reason : errorFromStatus(status);
}
