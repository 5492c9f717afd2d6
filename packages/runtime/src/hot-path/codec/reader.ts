import { isUtf8 } from 'node:buffer';
import { Cursor } from './cursor.ts';
import { MalformedError } from './malformed.ts';
import { knownName, rememberName } from './names.ts';

/** Strings are cut out of a copy of this many bytes: one call into native code for many of them. */
const SLAB_BYTES = 512;
/** As of any parser of Protobuf: deeper nesting is an attack on the stack. */
const MAX_GROUP_DEPTH = 100;
const GROUP_END = 4;
const TWO_32 = 2 ** 32;

/** Reads a nested message into its draft; comes again for a field that comes again, to merge both. */
export type Read<T> = (reader: Reader, draft: T) => void;

/**
 * Reads the fields of one Protobuf message. Bytes are views into what was received, strings are copies.
 * Every method throws MalformedError for what is not there, and reads nothing behind the message.
 */
export class Reader extends Cursor {
  #slab = '';
  #slabStart = 0;

  /** The next field's number and wire type, as the wire joins them; 0 at the end of the message. */
  tag(): number {
    if (this.position >= this.end) return 0;
    this.varint();
    const tag = this.low;
    if (this.high !== 0 || tag < 8) throw new MalformedError('a field has no valid number');
    return tag;
  }

  uint32(): number {
    this.varint();
    return this.low;
  }

  int32(): number {
    this.varint();
    return this.low | 0;
  }

  bool(): boolean {
    this.varint();
    return this.low !== 0 || this.high !== 0;
  }

  /** A signed number; exact within 2^53. */
  int64(): number {
    this.varint();
    return (this.high | 0) * TWO_32 + this.low;
  }

  /** Exact within 2^53. */
  uint64(): number {
    this.varint();
    return this.high * TWO_32 + this.low;
  }

  bigUint64(): bigint {
    this.varint();
    const low = BigInt(this.low);
    return this.high === 0 ? low : (BigInt(this.high) << 32n) | low;
  }

  bytes(): Buffer {
    const end = this.length();
    const view = this.buffer.subarray(this.position, end);
    this.position = end;
    return view;
  }

  string(): string {
    const end = this.length();
    return this.#text(this.position, end);
  }

  #text(start: number, end: number): string {
    const buffer = this.buffer;
    this.position = end;
    let bits = 0;
    for (let i = start; i < end; i++) bits |= buffer[i] as number;
    if (bits > 0x7f) {
      if (!isUtf8(buffer.subarray(start, end))) throw new MalformedError('a string is not UTF-8');
      return buffer.toString('utf8', start, end);
    }
    if (end - start > SLAB_BYTES) return buffer.toString('latin1', start, end);
    if (start < this.#slabStart || end > this.#slabStart + this.#slab.length) {
      this.#slabStart = start;
      this.#slab = buffer.toString('latin1', start, Math.min(start + SLAB_BYTES, buffer.length));
    }
    return this.#slab.substring(start - this.#slabStart, end - this.#slabStart);
  }

  /** A string that is likely to have come before, such as the name of a header. */
  name(): string {
    const end = this.length();
    const start = this.position;
    const known = knownName(this.buffer, start, end);
    if (known === undefined) {
      const name = this.#text(start, end);
      rememberName(this.buffer, start, end, name);
      return name;
    }
    this.position = end;
    return known;
  }

  /** Reads a nested message, to its end. */
  nested<T>(read: Read<T>, draft: T): void {
    const outer = this.end;
    this.end = this.length();
    read(this, draft);
    this.end = outer;
  }

  /** Moves behind the value of a field that is not known here, or not of this type. */
  skip(tag: number, depth = 0): void {
    switch (tag & 7) {
      case 0:
        return this.varint();
      case 1:
        return this.advance(8);
      case 2:
        this.position = this.length();
        return;
      case 3:
        return this.#skipGroup(tag, depth + 1);
      case 5:
        return this.advance(4);
      default:
        throw new MalformedError(`a field has the wire type ${tag & 7}`);
    }
  }

  #skipGroup(start: number, depth: number): void {
    if (depth > MAX_GROUP_DEPTH) throw new MalformedError('groups are nested too deeply');
    for (let tag = this.tag(); tag !== 0; tag = this.tag()) {
      if ((tag & 7) !== GROUP_END) this.skip(tag, depth);
      else if (tag >>> 3 === start >>> 3) return;
      else break;
    }
    throw new MalformedError('a group has no end');
  }
}
