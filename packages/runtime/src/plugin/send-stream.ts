import { create, type MessageInitShape } from '@bufbuild/protobuf';
import {
  type SendStreamRequest,
  SendStreamResponseSchema,
} from '../gen/vrsky/connector/v1/connection_node_pb.ts';
import { MAX_IN_FLIGHT, SendSession, type SendSessionOptions } from './send-session.ts';

/**
 * Serves one SendStream, from its announcement to its end. A host that breaks the protocol loses this
 * stream, and nothing else.
 */
export async function* sendStream(
  options: SendSessionOptions,
  requests: AsyncIterable<SendStreamRequest>,
  signal: AbortSignal,
): AsyncGenerator<MessageInitShape<typeof SendStreamResponseSchema>> {
  const { closing } = options.outbox;
  const session = new SendSession(options);
  // On the signal, too: a reset while nothing is to be sent resumes none of the two loops.
  const broken = (): void => session.break();
  const closed = (): void => session.end(closing.reason);
  signal.addEventListener('abort', broken, { once: true });
  // A reset while an answer cannot be written never resumes the `finally` below.
  closing.addEventListener('abort', closed, { once: true, signal });
  try {
    yield { maxInFlight: MAX_IN_FLIGHT };
    void session.read(requests);
    for await (const results of session.results()) {
      yield create(SendStreamResponseSchema, { results });
    }
  } finally {
    signal.removeEventListener('abort', broken);
    closing.removeEventListener('abort', closed);
    session.break();
  }
}
