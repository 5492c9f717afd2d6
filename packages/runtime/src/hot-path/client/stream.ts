import type { CallConnection } from '@vrsky/go-plugin';
import type { Incoming, Outgoing } from '../../host/route.ts';
import { errorFromStatus } from '../../wire/error.ts';
import type { Codec } from '../codec/codec.ts';
import { ClientCall } from './call.ts';
import { statusOfThrown } from './status.ts';

export interface StreamMethod<Request, Response> {
  readonly path: string;
  readonly request: Codec<Request>;
  readonly response: Codec<Response>;
}

/** Opens a call with streams both ways. */
export function openStream<Request, Response>(
  connection: CallConnection,
  { path, request, response }: StreamMethod<Request, Response>,
  incoming: Incoming<Response>,
  signal: AbortSignal | undefined,
): Outgoing<Request> {
  const call = new ClientCall(
    connection,
    path,
    { signal },
    {
      message: (bytes) => incoming.frame(response.decode(bytes)),
      drained: () => incoming.drained(),
      ended: (failure) => incoming.ended(failure && errorFromStatus(failure)),
    },
  );
  return {
    write(frame) {
      try {
        return call.write(request.encode(frame));
      } catch (error) {
        // What cannot be encoded ends the stream, as what cannot be decoded does.
        call.fail(statusOfThrown(error));
        return true;
      }
    },
    end: () => call.end(),
    pause: () => call.pause(),
    resume: () => call.resume(),
    cancel: () => call.cancel(),
  };
}
