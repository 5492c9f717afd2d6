import { Code, ConnectError, type CallOptions as RpcOptions } from '@connectrpc/connect';
import { errorFromStatus } from '../wire/error.ts';
import type { CallOptions } from './connection-node.ts';

/** One call by Connect, with its failure in the caller's terms. */
export async function call<T>(
  { signal, timeoutMs }: CallOptions,
  run: (options: RpcOptions) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  const deadlineAt = performance.now() + (timeoutMs || Number.POSITIVE_INFINITY);
  try {
    return await run({
      ...(signal && { signal }),
      ...(timeoutMs !== undefined && { timeoutMs }),
    });
  } catch (error) {
    const isOver = performance.now() >= deadlineAt;
    throw failureOf(isOver ? atDeadline(error) : error, signal);
  }
}

/** The server's timer for the same deadline may be faster than ours: it resets the stream as cancelled. */
function atDeadline(error: unknown): ConnectError {
  const status = ConnectError.from(error);
  if (status.code !== Code.Canceled) return status;
  return new ConnectError('the operation timed out', Code.DeadlineExceeded);
}

/** A caller who has given up gets his own reason, whatever that is. */
export function failureOf(status: unknown, signal: AbortSignal | undefined): unknown {
  return signal?.aborted ? signal.reason : errorFromStatus(status);
}
