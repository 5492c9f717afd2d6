import type { ClientHttp2Session } from 'node:http2';
import { Code, ConnectError } from '@connectrpc/connect';
import { reasonOf } from '../errors.ts';

/** Asked when the connection is lost, by each call that failed for it: the cause behind it, if it is known soon. */
export type WhyLost = () => Promise<Error | undefined>;

/** Tells callers of a lost connection. */
export interface Loss {
  /** What a call on a connection that is gone fails with: UNAVAILABLE, and the cause by priority. */
  error(symptom?: unknown): Promise<ConnectError>;
  /**
   * What a call fails with that its caller has not ended itself: Node.js reports those of a lost connection as cancelled,
   * aborted or internal. A status that the server still sent stands.
   * @param session the one that the call was on
   */
  explain(thrown: unknown, session: ClientHttp2Session): Promise<ConnectError>;
}

const symptoms = new Set([Code.Canceled, Code.Aborted, Code.Internal, Code.Unknown]);
/** What gRPC means by a reset with these HTTP/2 codes, which Node.js names in the text of its error only. */
const resets: Readonly<Record<string, Code>> = {
  REFUSED_STREAM: Code.Unavailable, // it was not begun
  ENHANCE_YOUR_CALM: Code.ResourceExhausted,
};

/**
 * By priority, not by what is noticed first: the cause behind the loss, then what HTTP/2 says of it.
 * @param whatWasSaid the error that a session of this connection ended with, if any
 */
export function createLoss(whatWasSaid: () => unknown, whyLost: WhyLost | undefined): Loss {
  const error = async (symptom?: unknown): Promise<ConnectError> => {
    const known = await whyLost?.();
    const cause = known ?? whatWasSaid() ?? symptom;
    const [text = ''] = cause ? reasonOf(cause).split('\n') : [];
    const message = known ? text : `the connection is lost${text && `: ${text}`}`;
    return new ConnectError(message, Code.Unavailable, undefined, undefined, cause);
  };
  return {
    error,
    async explain(thrown, session) {
      const failure = ConnectError.from(thrown);
      if (failure.metadata.has('grpc-status') || !symptoms.has(failure.code)) return failure;
      const [, reset = ''] = /error code NGHTTP2_(\w+)/.exec(failure.rawMessage) ?? [];
      const meaning = resets[reset];
      if (meaning)
        return new ConnectError(failure.rawMessage, meaning, undefined, undefined, thrown);
      await new Promise(setImmediate); // calls may end a moment before their connection
      return session.closed || session.destroyed ? error(failure) : failure;
    },
  };
}
