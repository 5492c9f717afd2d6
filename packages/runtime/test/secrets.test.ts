import { Secrets } from '@vrsky/runtime';
import { expect, test } from 'vitest';

test('secrets are taken out of texts, as they are and as JSON has them', () => {
  const secrets = new Secrets();
  expect(secrets.redact('hunter2')).toBe('hunter2');
  for (const value of ['hunter2', 'hunter2-long', 'two\nlines', 'a.b*c', 'abc', '']) {
    secrets.add(value);
  }
  expect(secrets.redact('hunter2-long hunter2 "two\\nlines" two\nlines a.b*c aXbbc abc')).toBe(
    '[redacted] [redacted] "[redacted]" [redacted] [redacted] aXbbc abc',
  );
});
