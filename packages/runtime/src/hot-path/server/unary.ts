import { Code, ConnectError } from '@connectrpc/connect';
import type { Codec } from '../codec/codec.ts';
import type { ServerCall } from './call.ts';

/** One request, one answer: answers when the client has sent all. */
export function serveUnary<Request, Response>(
  call: ServerCall,
  maxMessageBytes: number,
  request: Codec<Request>,
  response: Codec<Response>,
  answer: (request: Request) => Promise<Response>,
): void {
  let received: { readonly request: Request } | undefined;
  call.read(maxMessageBytes, {
    message(bytes) {
      if (received) throw wrongCount('received extra');
      received = { request: request.decode(bytes) };
    },
    end() {
      if (!received) throw wrongCount('missing');
      answer(received.request).then(
        (value) => finish(call, response, value),
        (error: unknown) => call.fail(error),
      );
    },
  });
}

function finish<Response>(call: ServerCall, codec: Codec<Response>, value: Response): void {
  try {
    call.finish(codec.encode(value));
  } catch (error) {
    call.fail(error); // it cannot be encoded
  }
}

function wrongCount(what: string): ConnectError {
  const text = `protocol error: ${what} input message for unary method`;
  return new ConnectError(text, Code.Unimplemented);
}
