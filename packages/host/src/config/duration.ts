const MILLISECONDS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** What a duration looks like in the file: `500ms`, `30s`, `2m`, `12h`, `7d`. */
export const DURATION_PATTERN = '^[0-9]{1,9}(ms|s|m|h|d)$';

/** Milliseconds of a text that matches {@link DURATION_PATTERN}. */
export function parseDuration(text: string): number {
  const unit = text.replace(/^[0-9]+/, '') as keyof typeof MILLISECONDS;
  return Number.parseInt(text, 10) * MILLISECONDS[unit];
}
