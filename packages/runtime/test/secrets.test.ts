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

test('of values derived from secrets, such as access tokens, the newest 64 are taken out', () => {
  const secrets = new Secrets();
  secrets.add('client-secret');
  for (let i = 0; i < 65; i++) secrets.addDerived(`token-${i};`);
  secrets.addDerived('token-64;');
  expect(secrets.redact('client-secret token-0; token-1; token-64;')).toBe(
    '[redacted] token-0; [redacted] [redacted]',
  );
});
