/** Bytes are not what their type of Protobuf message may look like. */
export class MalformedError extends Error {
  override readonly name = 'MalformedError';
}
