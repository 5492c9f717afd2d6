import { constants, type Http2Session } from 'node:http2';

/**
 * Drops a session and its streams as cancelled. `session.destroy()` alone ends them without an error: a client would wait
 * for them forever, and to a server an answer that was cut off would look like one that was sent.
 */
export function cutOff(session: Http2Session): void {
  session.destroy(new Error('the connection was dropped'), constants.NGHTTP2_CANCEL);
}
