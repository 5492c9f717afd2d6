/** Shorter values are not hidden: they would turn every text to rubble and hide nothing. */
const SHORTEST = 4;
const HIDDEN = '[redacted]';

/** The secret values that this process has seen, and how to keep them out of every text. */
export class Secrets {
  readonly #values = new Set<string>();
  #pattern: RegExp | undefined;

  add(value: string): void {
    if (value.length < SHORTEST || this.#values.has(value)) return;
    this.#values.add(value);
    this.#values.add(JSON.stringify(value).slice(1, -1)); // as it stands in a log line
    // The longest first, so that no secret shows the rest of another that contains it.
    const alternatives = [...this.#values].sort((a, b) => b.length - a.length).map(RegExp.escape);
    this.#pattern = new RegExp(alternatives.join('|'), 'g');
  }

  redact(text: string): string {
    return this.#pattern ? text.replace(this.#pattern, HIDDEN) : text;
  }
}
