/** gRPC's: one byte that says "not compressed", and four of the length. */
const PREFIX_BYTES = 5;
/** Messages are written one behind the other into blocks of this size; each is collected with its last message. */
const BLOCK_BYTES = 256 * 1024;

/** Where messages are put together: in blocks of memory, and in bytes that are taken as they are. */
export class Blocks {
  protected block: Buffer = Buffer.alloc(0);
  protected position = 0;
  /** Where in the block the part begins that belongs to no chunk yet. */
  #pending = 0;
  #chunks: Uint8Array[] = [];
  /** Bytes in the chunks. */
  #chunked = 0;

  /** One whole message, gRPC's prefix included. */
  protected frame(write: () => void): Uint8Array[] {
    this.#pending = this.position; // behind what a failure may have left
    this.#chunks = [];
    this.#chunked = 0;
    this.reserve(PREFIX_BYTES);
    const block = this.block;
    const at = this.position;
    this.position += PREFIX_BYTES;
    write();
    block[at] = 0;
    block.writeUInt32BE(this.length - PREFIX_BYTES, at + 1);
    this.#flush();
    return this.#chunks;
  }

  /** Of the present message. */
  protected get length(): number {
    return this.#chunked + this.position - this.#pending;
  }

  /** Bytes that are not copied. */
  protected take(data: Uint8Array): void {
    this.#flush();
    this.#chunks.push(data);
    this.#chunked += data.length;
  }

  protected reserve(bytes: number): void {
    if (this.position + bytes <= this.block.length) return;
    this.#flush();
    this.block = Buffer.allocUnsafeSlow(Math.max(bytes, BLOCK_BYTES));
    this.position = 0;
    this.#pending = 0;
  }

  /** What was written since the last chunk is one. */
  #flush(): void {
    const bytes = this.position - this.#pending;
    if (bytes === 0) return;
    this.#chunks.push(this.block.subarray(this.#pending, this.position));
    this.#chunked += bytes;
    this.#pending = this.position;
  }
}
