/** How many names are remembered, and up to which length. */
const NAMES = 256;
const LONGEST = 64;
const names: string[] = Array.from({ length: NAMES }, () => '');

/**
 * The name that stands between two positions, if it is one of those remembered. Names of headers come
 * again and again: one that is known costs no new string, and is a key of objects already.
 */
export function knownName(buffer: Buffer, start: number, end: number): string | undefined {
  const name = names[placeOf(buffer, start, end)] as string;
  if (name.length !== end - start) return undefined;
  for (let i = 0; i < name.length; i++) {
    const unit = name.charCodeAt(i);
    if (unit > 0x7f || unit !== buffer[start + i]) return undefined;
  }
  return name;
}

/** Of several names that share a place the last one stays. */
export function rememberName(buffer: Buffer, start: number, end: number, name: string): void {
  if (name.length <= LONGEST) names[placeOf(buffer, start, end)] = name;
}

function placeOf(buffer: Buffer, start: number, end: number): number {
  if (start === end) return 0;
  const [first, last] = [buffer[start] as number, buffer[end - 1] as number];
  return (first * 31 + last * 7 + end - start) % NAMES;
}
