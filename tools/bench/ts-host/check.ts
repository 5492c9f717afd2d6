import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Message } from '@vrsky/runtime';
import type { ConnectionNode } from '@vrsky/runtime/host';
import { idOf, messageParts } from '../src/message.ts';

const COUNTED_WITHIN_MS = 5000;
const LOOK_EVERY_MS = 5;

/** What came in: each message once only, and only those of the benchmark. */
export class Received {
  readonly #payloadBytes: number;
  readonly #seen: boolean[] = [];
  #count = 0;

  constructor(payloadBytes: number) {
    this.#payloadBytes = payloadBytes;
  }

  check(message: Message): void {
    const { id, payload } = message;
    if (payload.length !== this.#payloadBytes) {
      throw new Error(`a payload of ${payload.length} bytes, expected ${this.#payloadBytes}`);
    }
    const number = Number.parseInt(id, 32);
    if (idOf(number) !== id) throw new Error(`not the id of a message of the benchmark: "${id}"`);
    if (this.#seen[number]) throw new Error(`message ${id} came twice`);
    if (this.#count === 0) checkWhole(message, number);
    this.#seen[number] = true;
    this.#count += 1;
  }

  /** What came is what was made, and the connector knows that it is settled. */
  async checkAll(node: ConnectionNode): Promise<void> {
    for (let number = 0; number < this.#count; number += 1) {
      if (!this.#seen[number]) throw new Error(`message ${idOf(number)} is missing`);
    }
    await checkCount(node, 'acked', this.#count);
  }
}

/** Compares a message with what this side would have made. */
function checkWhole(message: Message, number: number): void {
  const { timestamp, ...parts } = message;
  const expected = messageParts(number, message.payload);
  if (timestamp && isDeepStrictEqual(parts, expected)) return;
  throw new Error(`another message than the benchmark's: ${JSON.stringify(parts)}`);
}

/** Waits until the connector has counted as much. */
export async function checkCount(
  node: ConnectionNode,
  detail: string,
  expected: number,
): Promise<void> {
  const deadline = performance.now() + COUNTED_WITHIN_MS;
  for (;;) {
    const { details } = await node.health();
    if (details[detail] === String(expected)) return;
    if (performance.now() > deadline) {
      throw new Error(`the connector says ${detail}="${details[detail]}", expected ${expected}`);
    }
    await sleep(LOOK_EVERY_MS);
  }
}
