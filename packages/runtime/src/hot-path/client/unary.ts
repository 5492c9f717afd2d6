import { Code, ConnectError } from '@connectrpc/connect';
import type { CallConnection } from '@vrsky/go-plugin';
import { failureOf } from '../../host/call.ts';
import type { CallOptions } from '../../host/connection-node.ts';
import type { Codec } from '../codec/codec.ts';
import { ClientCall } from './call.ts';
import { statusOfThrown } from './status.ts';

export interface UnaryMethod<Request, Response> {
  readonly path: string;
  readonly request: Codec<Request>;
  readonly response: Codec<Response | undefined>;
  /** For an answer that lacks what it must have. */
  readonly incomplete: () => Error;
}

/** One request, one answer. Rejects in the caller's terms. */
export function callUnary<Request, Response>(
  connection: CallConnection,
  { path, request, response, incomplete }: UnaryMethod<Request, Response>,
  value: Request,
  options: CallOptions,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    options.signal?.throwIfAborted();
    let count = 0;
    let answer: Response | undefined;
    const { signal, timeoutMs } = options;
    const call = new ClientCall(
      connection,
      path,
      { signal, timeoutMs, isUnary: true },
      {
        message(bytes) {
          if (++count > 1) throw new ConnectError('more than one message came', Code.Unimplemented);
          answer = response.decode(bytes);
        },
        drained() {},
        ended(failure) {
          if (failure) reject(failureOf(failure, options.signal));
          else if (answer !== undefined) resolve(answer);
          else if (count > 0) reject(incomplete());
          else
            reject(failureOf(new ConnectError('no message came', Code.Unimplemented), undefined));
        },
      },
    );
    try {
      call.write(request.encode(value));
      call.end();
    } catch (error) {
      call.fail(statusOfThrown(error));
    }
  });
}
