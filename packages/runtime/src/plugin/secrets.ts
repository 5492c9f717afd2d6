import { Secrets } from '../contract/secrets.ts';

/** What this process must not show: it serves one connection. */
export const secrets: Secrets = new Secrets();

/**
 * The beginning of a text from outside, such as a server's answer, as one printable line without secrets. They are
 * recognised only as long as they are whole, so such a text must not be shortened in another way.
 */
export function excerpt(text: string, mostCharacters: number): string {
  const line = secrets
    .redact(text)
    .replace(/\p{Cc}+/gu, ' ')
    .trim();
  if (line.length <= mostCharacters) return line;
  return `${line.slice(0, mostCharacters - 1).toWellFormed()}…`;
}
