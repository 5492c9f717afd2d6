import type { Needle } from './needles.ts';

/** Where something begins, and where it ends. */
export type Span = readonly [start: number, end: number];

/** So many characters tell whether a needle can end here; only tokens may be shorter. */
const TAIL = 4;
/** Each character of a tail has four bits to itself: older ones are shifted out. */
const HASH_BITS = 4 * TAIL;
const HASHES = 2 ** HASH_BITS;
const WORD = /[\p{L}\p{N}_]/u;
const BASE64 = /[\w+/-]/;

/** Finds many needles in one pass: how many there are costs no time where none of them ends. */
export class Search {
  readonly #buckets = new Map<number, Needle[]>();
  readonly #ends = new Uint8Array(HASHES);
  readonly #short: readonly Needle[];

  constructor(needles: readonly Needle[]) {
    this.#short = needles.filter(({ text }) => text.length < TAIL);
    for (const needle of needles) {
      const { text } = needle;
      if (text.length < TAIL) continue;
      let hash = 0;
      for (let i = text.length - TAIL; i < text.length; i++) {
        hash = hashWith(hash, text.charCodeAt(i));
      }
      this.#ends[hash] = 1;
      this.#buckets.getOrInsertComputed(hash, () => []).push(needle);
    }
  }

  /** Calls back for each needle found. */
  find(text: string, found: (span: Span) => void): void {
    const ends = this.#ends;
    let hash = 0;
    for (let i = 0; i < text.length; i++) {
      hash = hashWith(hash, text.charCodeAt(i));
      if (ends[hash] === 1) this.#check(text, i + 1, hash, found);
    }
    for (const needle of this.#short) {
      let at = text.indexOf(needle.text);
      for (; at >= 0; at = text.indexOf(needle.text, at + 1)) {
        if (fits(text, at, needle)) found(span(text, at, needle));
      }
    }
  }

  #check(text: string, end: number, hash: number, found: (span: Span) => void): void {
    for (const needle of this.#buckets.get(hash) ?? []) {
      const at = end - needle.text.length;
      if (text.endsWith(needle.text, end) && fits(text, at, needle)) found(span(text, at, needle));
    }
  }
}

function hashWith(hash: number, code: number): number {
  return ((hash << 4) ^ code) & (HASHES - 1);
}

function fits(text: string, at: number, needle: Needle): boolean {
  if (needle.kind !== 'token') return true;
  return !WORD.test(text.charAt(at - 1)) && !WORD.test(text.charAt(at + needle.text.length));
}

function span(text: string, at: number, needle: Needle): Span {
  let end = at + needle.text.length;
  if (needle.kind !== 'base64') return [at, end];
  if (BASE64.test(text.charAt(end))) end += 1;
  while (text.charAt(end) === '=') end += 1;
  return [BASE64.test(text.charAt(at - 1)) ? at - 1 : at, end];
}
