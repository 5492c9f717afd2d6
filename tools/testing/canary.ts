const BASE64_RUN = /[\w+/-]{8,}/g;
const HEX_RUN = /(?:[\da-f]{2}){4,}/gi;
/** What was cut short shows its beginning, or its end. */
const SHOWN_CHARACTERS = 8;

/**
 * Where a secret, its beginning or its end shows in a text: as it is or escaped, in hex or in Base64. Looks by decoding
 * all that can be decoded, and so in another way than redaction does. Undefined: nowhere.
 */
export function findCanary(text: string, canary: string): string | undefined {
  const signs = [canary.slice(0, SHOWN_CHARACTERS), canary.slice(-SHOWN_CHARACTERS)];
  for (const view of views(text)) {
    for (const sign of signs) {
      const at = view.indexOf(sign);
      if (at >= 0) return view.slice(Math.max(0, at - 100), at + 100);
    }
  }
  return undefined;
}

function* views(text: string): Generator<string> {
  for (const plain of [text, unescaped(text), unescaped(unescaped(text))]) {
    yield plain;
    for (const [run] of plain.matchAll(HEX_RUN)) {
      yield Buffer.from(run, 'hex').toString();
      yield Buffer.from(run.slice(1), 'hex').toString();
    }
    for (const [run] of plain.matchAll(BASE64_RUN)) {
      for (const skipped of [0, 1, 2, 3])
        yield Buffer.from(run.slice(skipped), 'base64').toString();
    }
  }
}

function unescaped(text: string): string {
  return text
    .replace(/\\u([\da-f]{4})/gi, (_, code: string) =>
      String.fromCharCode(Number.parseInt(code, 16)),
    )
    .replace(/\\n/g, '\n')
    .replace(/\\(.)/g, '$1')
    .replace(/(?:%[\da-f]{2})+/gi, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString());
}
