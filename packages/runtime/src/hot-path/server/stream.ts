import type { StreamSession } from '../../plugin/stream-session.ts';
import type { Codec } from '../codec/codec.ts';
import type { ServerCall } from './call.ts';

/** Streams both ways, from the first request to the end of the session's frames. */
export async function serveStream<Request, Response>(
  call: ServerCall,
  maxMessageBytes: number,
  request: Codec<Request>,
  response: Codec<Response>,
  open: () => StreamSession<Request, Response>,
): Promise<void> {
  let session: StreamSession<Request, Response> | undefined;
  try {
    const opened = open();
    session = opened;
    call.onGone(() => opened.break());
    readInto(call, maxMessageBytes, request, opened);
    for await (const frame of opened.frames()) {
      if (!call.write(response.encode(frame))) await call.room();
    }
    call.signal.throwIfAborted();
    call.finish();
  } catch (error) {
    call.fail(error);
  } finally {
    session?.break();
  }
}

/** While there is no room, the client's window fills up, and it waits. */
function readInto<Request>(
  call: ServerCall,
  maxMessageBytes: number,
  codec: Codec<Request>,
  session: StreamSession<Request, unknown>,
): void {
  let waiting = false;
  const waitForRoom = async (): Promise<void> => {
    waiting = true;
    call.stream.pause();
    while (!session.hasRoom) await session.room();
    waiting = false;
    call.stream.resume();
  };
  call.read(maxMessageBytes, {
    message(bytes) {
      session.request(codec.decode(bytes));
      if (!waiting && !session.hasRoom) void waitForRoom();
    },
    end: () => session.halfClose(),
  });
}
