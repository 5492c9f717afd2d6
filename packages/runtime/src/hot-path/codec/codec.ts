import { Reader } from './reader.ts';
import { type Write, Writer } from './writer.ts';

/** One type of message of a call, between its bytes and the types of our contract. */
export interface Codec<T> {
  /**
   * Reads one message, without gRPC's prefix. Payloads are views into the bytes.
   * @throws MalformedError
   */
  decode(bytes: Buffer): T;
  /**
   * Gives one message with gRPC's prefix, in as few parts as possible. Large payloads are not copied.
   * @throws PluginError PAYLOAD_TOO_LARGE from 256 MiB on
   */
  encode(value: T): Uint8Array[];
}

/** Encoding never waits, so one writer serves all. */
const writer = new Writer();

export function codecOf<T>(read: (reader: Reader) => T, write: Write<T>): Codec<T> {
  return {
    decode: (bytes) => read(new Reader(bytes)),
    encode: (value) => writer.message(write, value),
  };
}
