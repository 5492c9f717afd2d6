import { MalformedError } from './malformed.ts';

/** A place in received bytes, and the end behind which nothing is read. */
export class Cursor {
  protected readonly buffer: Buffer;
  protected position = 0;
  protected end: number;
  /** The last number, in two halves without a sign. */
  protected low = 0;
  protected high = 0;

  constructor(buffer: Buffer) {
    this.buffer = buffer;
    this.end = buffer.length;
  }

  protected advance(bytes: number): void {
    if (bytes > this.end - this.position) throw truncated();
    this.position += bytes;
  }

  /** Moves behind the length of a value, and gives where the value ends. */
  protected length(): number {
    this.varint();
    if (this.high !== 0 || this.low > this.end - this.position) throw truncated();
    return this.position + this.low;
  }

  protected varint(): void {
    // Nearly all of them are one byte long.
    if (this.position < this.end) {
      const first = this.buffer[this.position] as number;
      if (first < 0x80) {
        this.position += 1;
        this.low = first;
        this.high = 0;
        return;
      }
    }
    let low = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.#byte();
      low |= (byte & 0x7f) << shift;
      if (byte < 0x80) return this.#number(low, 0);
    }
    const middle = this.#byte();
    low |= (middle & 0x7f) << 28;
    let high = (middle & 0x7f) >> 4;
    if (middle < 0x80) return this.#number(low, high);
    for (let shift = 3; shift < 31; shift += 7) {
      const byte = this.#byte();
      high |= (byte & 0x7f) << shift;
      if (byte < 0x80) return this.#number(low, high);
    }
    const last = this.#byte();
    if (last > 1) throw new MalformedError('a number has more than 64 bits');
    this.#number(low, high | (last << 31));
  }

  #number(low: number, high: number): void {
    this.low = low >>> 0;
    this.high = high >>> 0;
  }

  #byte(): number {
    if (this.position >= this.end) throw truncated();
    return this.buffer[this.position++] as number;
  }
}

function truncated(): MalformedError {
  return new MalformedError('a message ends before its fields do');
}
