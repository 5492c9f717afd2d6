/** An answer that is not 2xx: what the sender did wrong, or why it is to come again. */
export class Refusal extends Error {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  /** @param text goes to the sender: it never holds anything of the request, nor a secret */
  constructor(status: number, text: string, headers: Readonly<Record<string, string>> = {}) {
    super(text);
    this.status = status;
    this.headers = headers;
  }
}

export function tooLarge(limit: number): Refusal {
  return new Refusal(413, `the body is above ${limit} bytes`, { connection: 'close' });
}
