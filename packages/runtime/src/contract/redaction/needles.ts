/** One form of a secret, to be searched for. */
export interface Needle {
  readonly text: string;
  /**
   * `part`: wherever it is; `token`: only where no letter or digit is beside it; `base64`: in the middle of encoded
   * data, whose characters beside it hold bits of the secret as well.
   */
  readonly kind: 'part' | 'token' | 'base64';
}

/** Shorter values are parts of ordinary words and numbers. */
const SHORTEST_PART = 8;
/** Shorter lines of a longer value, such as a brace, hide nothing. */
const SHORTEST_LINE = 4;
/** Begins and ends a key in PEM, and is the same in all of them. */
const PEM_ARMOUR = '-----';

/** All forms that are searched for as they are: escaped ones are found in the unescaped text. */
export function needlesOf(value: string): Needle[] {
  const whole = value.trim();
  const lines = whole.split(/\r\n|\r|\n/).map((line) => line.trim());
  const parts = lines.filter(
    (line) => line.length >= SHORTEST_LINE && !line.startsWith(PEM_ARMOUR),
  );
  return [...new Set([whole, ...parts])].filter(Boolean).flatMap(formsOf);
}

function formsOf(text: string): Needle[] {
  const bytes = Buffer.from(text);
  const kind = text.length < SHORTEST_PART ? 'token' : 'part';
  const hex = bytes.toString('hex');
  const asIs = [text, text.replaceAll(' ', '+'), hex, hex.toUpperCase()];
  const base64 = kind === 'token' ? [unpadded(bytes)] : alignments(bytes);
  const urlSafe = base64.map((form) => form.replaceAll('+', '-').replaceAll('/', '_'));
  return [
    ...[...new Set(asIs)].map((form): Needle => ({ text: form, kind })),
    ...[...new Set([...base64, ...urlSafe])].map(
      (form): Needle => ({ text: form, kind: kind === 'token' ? 'token' : 'base64' }),
    ),
  ];
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}

/** What Base64 makes of the bytes after 0, 1 and 2 others: those characters that hold bits of these bytes alone. */
function alignments(bytes: Buffer): string[] {
  return [0, 1, 2].map((before) => {
    const encoded = unpadded(Buffer.concat([Buffer.alloc(before), bytes]));
    const from = Math.ceil((before * 8) / 6);
    return encoded.slice(from, Math.floor(((before + bytes.length) * 8) / 6));
  });
}
