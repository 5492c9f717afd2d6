import { layersOf } from './redaction/layers.ts';
import { needlesOf } from './redaction/needles.ts';
import { Search, type Span } from './redaction/search.ts';

const HIDDEN = '[redacted]';
/** Tokens come and go for as long as a process runs; what is older than so many has expired. */
const MAX_DERIVED = 64;
const USER_NAME = /(^|_)username$/;

/**
 * The secret values that this process has seen, and how to keep them out of every text: as they are, each line of
 * those that have several, in Base64 at each alignment, in hex, and escaped as in JSON and in URLs. Values of less than
 * 8 characters are found as whole tokens only. A text must be redacted before it is shortened.
 */
export class Secrets {
  readonly #values = new Set<string>();
  readonly #derived = new Set<string>();
  #search: Search | undefined;

  add(value: string): void {
    if (this.#values.has(value)) return;
    this.#values.add(value);
    this.#search = undefined;
  }

  /** Every credential but user names, and what HTTP's Basic scheme makes of a user name and its password. */
  addCredentials(credentials: Readonly<Record<string, string>>): void {
    for (const [name, value] of Object.entries(credentials)) {
      if (!USER_NAME.test(name)) this.add(value);
      else {
        const password = credentials[name.replace(USER_NAME, '$1password')];
        if (password) this.add(Buffer.from(`${value}:${password}`).toString('base64'));
      }
    }
  }

  /** A value made from a secret, such as an access token. Only the newest 64 are kept. */
  addDerived(value: string): void {
    if (this.#derived.has(value)) return;
    const [oldest] = this.#derived;
    if (oldest !== undefined && this.#derived.size >= MAX_DERIVED) this.#derived.delete(oldest);
    this.#derived.add(value);
    this.#search = undefined;
  }

  redact(text: string): string {
    const spans = this.#find(text);
    if (spans.length === 0) return text;
    let redacted = '';
    let at = 0;
    for (const [start, end] of spans) {
      // Those that overlap are one.
      if (start >= at) redacted += text.slice(at, start) + HIDDEN;
      at = Math.max(at, end);
    }
    return redacted + text.slice(at);
  }

  /** Each name and value. */
  redactEach(texts: Readonly<Record<string, string>>): Record<string, string> {
    return this.#redactValue(texts) as Record<string, string>;
  }

  /** Redacts what may be a log's line of JSON. That stays JSON, and keeps its level: a host must be able to read it. */
  redactLine(line: string): string {
    if (this.#find(line).length === 0) return line;
    if (!line.startsWith('{')) return this.redact(line);
    try {
      const entry = JSON.parse(line) as Record<string, unknown>;
      const redacted = this.#redactValue(entry) as Record<string, unknown>;
      // Of hclog, and of pino.
      if (entry['@level'] !== undefined) redacted['@level'] = entry['@level'];
      if (typeof entry['level'] === 'number') redacted['level'] = entry['level'];
      return JSON.stringify(redacted) + (line.endsWith('\n') ? '\n' : '');
    } catch {
      return this.redact(line);
    }
  }

  #redactValue(value: unknown): unknown {
    if (typeof value === 'string') return this.redact(value);
    if (typeof value === 'number') return this.redact(`${value}`) === `${value}` ? value : HIDDEN;
    if (Array.isArray(value)) return value.map((item) => this.#redactValue(item));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [this.redact(key), this.#redactValue(item)]),
    );
  }

  /** In order. */
  #find(text: string): Span[] {
    if (this.#values.size + this.#derived.size === 0) return [];
    this.#search ??= new Search([...this.#values, ...this.#derived].flatMap(needlesOf));
    const spans: Span[] = [];
    for (const { text: unescaped, origin } of layersOf(text)) {
      this.#search.find(unescaped, ([start, end]) => {
        spans.push([origin?.[start] ?? start, origin?.[end] ?? end]);
      });
    }
    return spans.sort(([a], [b]) => a - b);
  }
}
