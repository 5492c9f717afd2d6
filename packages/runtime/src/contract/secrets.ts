/** Shorter values are not hidden: they would turn every text to rubble and hide nothing. */
const SHORTEST = 4;
const HIDDEN = '[redacted]';
/** Tokens come and go for as long as a process runs; what is older than so many has expired. */
const MAX_DERIVED = 64;

/** The secret values that this process has seen, and how to keep them out of every text. */
export class Secrets {
  readonly #values = new Set<string>();
  readonly #derived = new Set<string>();
  #pattern: RegExp | undefined;

  add(value: string): void {
    if (value.length < SHORTEST || this.#values.has(value)) return;
    this.#values.add(value);
    this.#compile();
  }

  /** A value made from a secret, such as an access token. Only the newest 64 are kept. */
  addDerived(value: string): void {
    if (value.length < SHORTEST || this.#derived.has(value)) return;
    const [oldest] = this.#derived;
    if (oldest !== undefined && this.#derived.size >= MAX_DERIVED) this.#derived.delete(oldest);
    this.#derived.add(value);
    this.#compile();
  }

  #compile(): void {
    const values = new Set<string>();
    for (const value of [...this.#values, ...this.#derived]) {
      values.add(value);
      values.add(JSON.stringify(value).slice(1, -1)); // as it stands in a log line
    }
    // The longest first, so that no secret shows the rest of another that contains it.
    const alternatives = [...values].sort((a, b) => b.length - a.length).map(RegExp.escape);
    this.#pattern = new RegExp(alternatives.join('|'), 'g');
  }

  redact(text: string): string {
    return this.#pattern ? text.replace(this.#pattern, HIDDEN) : text;
  }
}
