const PUBACK = 0x40;
const PUBREC = 0x50;

/** Sends what is acknowledged in one turn together: it is four bytes each, and often a hundred. */
export class Acks {
  readonly #write: (bytes: Buffer) => void;
  #bytes: number[] = [];

  constructor(write: (bytes: Buffer) => void) {
    this.#write = write;
  }

  /** PUBACK for QoS 1, PUBREC for QoS 2, with the reason "success". */
  add(qos: number, messageId: number): void {
    if (this.#bytes.length === 0) queueMicrotask(() => this.send());
    this.#bytes.push(qos === 2 ? PUBREC : PUBACK, 2, messageId >> 8, messageId & 0xff);
  }

  /** Sends at once what waits. */
  send(): void {
    if (this.#bytes.length > 0) this.#write(Buffer.from(this.#bytes));
    this.#bytes = [];
  }
}
