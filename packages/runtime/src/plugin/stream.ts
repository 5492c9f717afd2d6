import { Code, ConnectError } from '@connectrpc/connect';
import type { StreamSession } from './stream-session.ts';

/** Serves a session by objects of Protobuf, as Connect has them. */
export async function* serveSession<Request, Response, WireRequest, WireResponse>(
  session: StreamSession<Request, Response>,
  requests: AsyncIterable<WireRequest>,
  signal: AbortSignal,
  wire: {
    fromRequest(request: WireRequest): Request;
    toResponse(response: Response): WireResponse;
  },
): AsyncGenerator<WireResponse> {
  // On the signal, too: a reset while nothing is to be sent resumes none of the two loops, and one while an
  // answer cannot be written never resumes the `finally` below.
  const broken = (): void => session.break();
  signal.addEventListener('abort', broken, { once: true });
  const read = async (): Promise<void> => {
    for await (const request of requests) {
      session.request(wire.fromRequest(request));
      while (!session.hasRoom) await session.room();
    }
  };
  read().then(
    () => session.halfClose(),
    (error: Error) => session.break(error),
  );
  try {
    for await (const frame of session.frames()) yield wire.toResponse(frame);
    if (signal.aborted) throw ConnectError.from(signal.reason, Code.Canceled);
  } finally {
    signal.removeEventListener('abort', broken);
    session.break();
  }
}
