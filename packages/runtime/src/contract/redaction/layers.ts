/** A text, or what it means once it is unescaped. */
export interface Layer {
  readonly text: string;
  /** Where each of its characters, and its end, are in the original text; undefined: at the same place. */
  readonly origin: Uint32Array | undefined;
}

/** JSON in JSON in a URL in JSON. Deeper ones are not looked into. */
const DEEPEST = 4;
const JSON_ESCAPE = /\\(?:u[\da-f]{4}|x[\da-f]{2}|[^])/gi;
/** One character in UTF-8. */
const PERCENT_ESCAPE =
  /%[0-7][\da-f]|%[cd][\da-f]%[89ab][\da-f]|%e[\da-f](?:%[89ab][\da-f]){2}|%f[0-7](?:%[89ab][\da-f]){3}/gi;
const CONTROLS: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  b: '\b',
  f: '\f',
  v: '\v',
};

/** The text, and all that unescaping makes of it, as JSON and as a URL. Most texts have one layer. */
export function* layersOf(text: string, depth = 0, from?: Layer): Generator<Layer> {
  const layer = from ?? { text, origin: undefined };
  yield layer;
  if (depth === DEEPEST) return;
  for (const unescaped of [unescapeJson(layer), unescapePercent(layer)]) {
    if (unescaped) yield* layersOf(text, depth + 1, unescaped);
  }
}

function unescapeJson(layer: Layer): Layer | undefined {
  if (!layer.text.includes('\\')) return undefined;
  return unescape(layer, JSON_ESCAPE, (escape) => {
    const letter = escape.charAt(1);
    if (escape.length > 2) return String.fromCharCode(Number.parseInt(escape.slice(2), 16));
    return CONTROLS[letter] ?? letter;
  });
}

function unescapePercent(layer: Layer): Layer | undefined {
  if (!layer.text.includes('%')) return undefined;
  return unescape(layer, PERCENT_ESCAPE, (escape) =>
    Buffer.from(escape.replaceAll('%', ''), 'hex').toString(),
  );
}

/** Undefined when there is nothing to unescape. */
function unescape(
  { text, origin }: Layer,
  pattern: RegExp,
  meaningOf: (escape: string) => string,
): Layer | undefined {
  const places = new Uint32Array(text.length + 1);
  const pieces: string[] = [];
  let length = 0;
  let at = 0;
  const copyUntil = (end: number): void => {
    pieces.push(text.slice(at, end));
    for (; at < end; at++) places[length++] = origin?.[at] ?? at;
  };
  for (const { 0: escape, index } of text.matchAll(pattern)) {
    copyUntil(index);
    const meaning = meaningOf(escape);
    pieces.push(meaning);
    for (let i = 0; i < meaning.length; i++) places[length++] = origin?.[at] ?? at;
    at += escape.length;
  }
  if (pieces.length === 0) return undefined;
  copyUntil(text.length);
  places[length] = origin?.[at] ?? at;
  return { text: pieces.join(''), origin: places };
}
