/** A varint of 64 bits has at most so many bytes. */
export const LONGEST_VARINT = 10;
/** A length that is not known yet takes this many bytes. Every parser takes the longer forms. */
export const PADDED_BYTES = 4;
/** What such a length has to be below. */
export const PADDED_LIMIT: number = 2 ** 28;

/** Writes a whole number from 0 to 2^53; gives the position behind it. */
export function putVarint(buffer: Uint8Array, position: number, value: number): number {
  let at = position;
  let rest = value;
  while (rest > 0x7f_ff_ff_ff) {
    buffer[at++] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  while (rest > 0x7f) {
    buffer[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  buffer[at++] = rest;
  return at;
}

/** Likewise, a number of 64 bits in two halves, of which the upper one is not 0. */
export function putLongVarint(
  buffer: Uint8Array,
  position: number,
  low: number,
  high: number,
): number {
  let at = position;
  for (let shift = 0; shift < 28; shift += 7) buffer[at++] = ((low >>> shift) & 0x7f) | 0x80;
  const middle = (low >>> 28) | ((high & 7) << 4);
  const rest = high >>> 3;
  if (rest === 0) {
    buffer[at++] = middle;
    return at;
  }
  buffer[at++] = middle | 0x80;
  return putVarint(buffer, at, rest);
}

/** Writes a length into the place that was left for it. */
export function putPadded(buffer: Uint8Array, at: number, length: number): void {
  buffer[at] = (length & 0x7f) | 0x80;
  buffer[at + 1] = ((length >> 7) & 0x7f) | 0x80;
  buffer[at + 2] = ((length >> 14) & 0x7f) | 0x80;
  buffer[at + 3] = length >> 21;
}
