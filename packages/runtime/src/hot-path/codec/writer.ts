import { PluginError } from '../../contract/plugin-error.ts';
import { Blocks } from './blocks.ts';
import {
  LONGEST_VARINT,
  PADDED_BYTES,
  PADDED_LIMIT,
  putLongVarint,
  putPadded,
  putVarint,
} from './varint.ts';

/** Wire types of Protobuf. */
const VARINT = 0;
const BYTES = 2;

/** From here on bytes are not copied: they travel as they are, between two parts of the message. */
const COPY_BELOW = 16 * 1024;
/** Up to here a length is one byte. */
const SHORT = 127;
/** A shorter text is copied faster by hand than by a call into native code. */
const BY_HAND = 16;
const TWO_32 = 2 ** 32;

/** Writes a nested message. */
export type Write<T> = (writer: Writer, value: T) => void;

/**
 * Writes gRPC messages, one after the other, each in as few buffers as possible. Numbers that do not fit
 * their field throw a RangeError.
 */
export class Writer extends Blocks {
  /** One whole message, gRPC's prefix included. */
  message<T>(write: Write<T>, value: T): Uint8Array[] {
    return this.frame(() => write(this, value));
  }

  /** Nothing for zero, which is the default; likewise the others. */
  uint32(field: number, value: number): void {
    if (value === 0) return;
    if (value !== value >>> 0) throw outOfRange(value);
    this.#tag(field, VARINT);
    this.#varint(value);
  }

  bool(field: number, value: boolean): void {
    this.uint32(field, value ? 1 : 0);
  }

  int32(field: number, value: number): void {
    if (value !== (value | 0)) throw outOfRange(value);
    this.int64(field, value);
  }

  /** Within 2^53. */
  int64(field: number, value: number): void {
    if (value === 0) return;
    if (!Number.isSafeInteger(value)) throw outOfRange(value);
    this.#tag(field, VARINT);
    if (value > 0) this.#varint(value);
    else this.#longVarint(value >>> 0, Math.floor(value / TWO_32) >>> 0);
  }

  bigUint64(field: number, value: bigint): void {
    if (value === 0n) return;
    if (value !== BigInt.asUintN(64, value)) throw outOfRange(value);
    this.#tag(field, VARINT);
    if (value <= Number.MAX_SAFE_INTEGER) this.#varint(Number(value));
    else this.#longVarint(Number(value & 0xffff_ffffn), Number(value >> 32n));
  }

  string(field: number, text: string): void {
    if (text === '') return;
    this.#tag(field, BYTES);
    this.#text(text);
  }

  bytes(field: number, data: Uint8Array): void {
    const { length } = data;
    if (length === 0) return;
    this.#tag(field, BYTES);
    this.#varint(length);
    if (length >= COPY_BELOW) {
      this.take(data);
      return;
    }
    this.reserve(length);
    this.block.set(data, this.position);
    this.position += length;
  }

  /** A string in a list, where also the empty one is written. */
  item(field: number, text: string): void {
    this.#tag(field, BYTES);
    this.#text(text);
  }

  /** One entry of a map of strings. */
  entry(field: number, name: string, value: string): void {
    // UTF-8 has at most three bytes for each unit of UTF-16.
    if ((name.length + value.length) * 3 + 4 > SHORT) {
      this.nested(field, [name, value], writeEntry);
      return;
    }
    this.#tag(field, BYTES);
    this.reserve(1 + SHORT + LONGEST_VARINT); // nothing below may begin another block
    const at = this.position;
    this.position += 1;
    this.string(1, name);
    this.string(2, value);
    this.block[at] = this.position - at - 1;
  }

  /** A nested message. */
  nested<T>(field: number, value: T, write: Write<T>): void {
    this.#tag(field, BYTES);
    this.reserve(PADDED_BYTES);
    const block = this.block;
    const at = this.position;
    this.position += PADDED_BYTES;
    const start = this.length;
    write(this, value);
    const length = this.length - start;
    if (length >= PADDED_LIMIT) throw tooLarge(length);
    putPadded(block, at, length);
  }

  /** A field number below 16, and its wire type. */
  #tag(field: number, type: number): void {
    this.reserve(1);
    this.block[this.position++] = (field << 3) | type;
  }

  #varint(value: number): void {
    this.reserve(LONGEST_VARINT);
    this.position = putVarint(this.block, this.position, value);
  }

  #longVarint(low: number, high: number): void {
    this.reserve(LONGEST_VARINT);
    this.position = putLongVarint(this.block, this.position, low, high);
  }

  #text(text: string): void {
    const { length } = text;
    if (length > SHORT) return this.#longText(text);
    this.reserve(1 + length * 3);
    const { block } = this;
    const start = this.position + 1;
    const bytes =
      length < BY_HAND ? copyAscii(text, block, start) : block.write(text, start, 'utf8');
    if (bytes > SHORT || bytes < length) return this.#longText(text);
    block[start - 1] = bytes;
    this.position = start + bytes;
  }

  #longText(text: string): void {
    const length = Buffer.byteLength(text);
    this.#varint(length);
    this.reserve(length);
    this.position += this.block.write(text, this.position, 'utf8');
  }
}

/** Gives how many bytes that were: fewer than the text has letters, if it is not ASCII. */
function copyAscii(text: string, into: Uint8Array, start: number): number {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 0x7f) return i;
    into[start + i] = unit;
  }
  return text.length;
}

function writeEntry(writer: Writer, [name, value]: readonly [string, string]): void {
  writer.string(1, name);
  writer.string(2, value);
}

function outOfRange(value: number | bigint): RangeError {
  return new RangeError(`${value} cannot be encoded as an integer of its field`);
}

function tooLarge(bytes: number): PluginError {
  const text = `a message of ${bytes} bytes cannot be encoded: at most ${PADDED_LIMIT}`;
  return new PluginError('PAYLOAD_TOO_LARGE', text);
}
