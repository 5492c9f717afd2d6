import { inspect } from 'node:util';
import { Secrets } from '@vrsky/runtime';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const HIDDEN = '[redacted]';

function knowing(...values: string[]): Secrets {
  const secrets = new Secrets();
  for (const value of values) secrets.add(value);
  return secrets;
}

describe('a secret is cut out of a text', () => {
  const value = 'päss "word"+/?&\\ 50%';
  const json = JSON.stringify(value).slice(1, -1);
  test.each([
    ['as it is', value],
    ['as in JSON', json],
    ['as in JSON with nothing but ASCII', json.replace('ä', '\\u00e4')],
    ['as in JSON in JSON', JSON.stringify(json).slice(1, -1)],
    ['as in JavaScript', inspect(value).slice(1, -1)],
    ['in a URL', encodeURIComponent(value)],
    ['in a URL, in lower case', encodeURIComponent(value).toLowerCase()],
    ['in a form', new URLSearchParams({ value }).toString().slice('value='.length)],
    ['in a URL in JSON in a URL', encodeURIComponent(JSON.stringify(encodeURIComponent(json)))],
    ['in hex', Buffer.from(value).toString('hex')],
    ['in upper-case hex', Buffer.from(value).toString('hex').toUpperCase()],
    ['in Base64', Buffer.from(value).toString('base64')],
    ['in URL-safe Base64', Buffer.from(value).toString('base64url')],
    ['in Base64 in a URL', encodeURIComponent(Buffer.from(value).toString('base64'))],
  ])('%s', (_, encoded) => {
    const redacted = knowing(value).redact(`before ${encoded} after`);
    expect(redacted).toMatch(/^before (%22)?\[redacted\](%22)? after$/);
  });

  test.each(['', 'u', 'us', 'user:', 'a longer name:'])(
    'in Base64, behind %j and before other bytes',
    (before) => {
      const encoded = Buffer.from(`${before}${value}; more`).toString('base64');
      const redacted = knowing(value).redact(`Basic ${encoded}`);
      const [, left = '', right = ''] = /^Basic (.*)\[redacted\](.*)$/.exec(redacted) ?? [];
      // What is left decodes to nothing of the secret.
      expect(before.startsWith(Buffer.from(left, 'base64').toString())).toBe(true);
      expect(encoded.endsWith(right)).toBe(true);
      expect(right.length).toBeLessThanOrEqual(Math.ceil(('; more'.length * 8) / 6) + 2);
    },
  );
});

test('each line of a secret with several lines is one, but not the frame of a PEM file', () => {
  const key =
    '-----BEGIN PRIVATE KEY-----\r\nMIIEvQIBADAN\r\nBgkq\r\n{\r\n-----END PRIVATE KEY-----\r\n';
  const secrets = knowing(key);
  expect(secrets.redact(key.trim())).toBe(HIDDEN);
  expect(secrets.redact('xMIIEvQIBADANx Bgkq Bgkqx { -----BEGIN PRIVATE KEY-----')).toBe(
    'x[redacted]x [redacted] Bgkqx { -----BEGIN PRIVATE KEY-----',
  );
});

test('a value of less than 8 characters is cut as a whole token only', () => {
  const secrets = knowing('tiger', 'ab', '');
  expect(secrets.redact('tiger tigers "tiger" a_tiger tiger-lily\\ntiger%20tiger ab abc')).toBe(
    '[redacted] tigers "[redacted]" a_tiger [redacted]-lily\\n[redacted]%20[redacted] [redacted] abc',
  );
  expect(secrets.redact(Buffer.from('tiger').toString('base64'))).toBe('[redacted]=');
  expect(secrets.redact('no secret at all')).toBe('no secret at all');
});

test('secrets that overlap leave nothing of each other', () => {
  expect(knowing('password-1', 'word-1-and-more').redact('<password-1-and-more>')).toBe(
    `<${HIDDEN}>`,
  );
  expect(knowing('aaaaaaaa').redact('aaaaaaaaaaa')).toBe(HIDDEN);
});

test('of credentials, user names are none; what Basic makes of them is', () => {
  const secrets = new Secrets();
  secrets.addCredentials({
    username: 'integration-user',
    password: 'hunter2',
    basic_username: 'someone-else',
    basic_password: 'correct-horse',
  });
  const basic = Buffer.from('integration-user:hunter2').toString('base64');
  expect(secrets.redact(`integration-user someone-else hunter2 correct-horse ${basic}`)).toBe(
    'integration-user someone-else [redacted] [redacted] [redacted]',
  );
});

test('of values derived from secrets, such as access tokens, the newest 64 are cut', () => {
  const secrets = knowing('client-secret');
  for (let i = 0; i < 65; i++) secrets.addDerived(`token-${i};`);
  secrets.addDerived('token-64;');
  expect(secrets.redact('client-secret token-0; token-1; token-64;')).toBe(
    '[redacted] token-0; [redacted] [redacted]',
  );
});

test('a line of a log stays JSON, and keeps its level', () => {
  const line = `${JSON.stringify({ '@level': 'info', '@message': 'sent "12345678"', pin: 12345678, n: [1], 'hunter2-x': { a: 'hunter2-x' } })}\n`;
  const secrets = knowing('12345678', 'hunter2-x', 'info');
  expect(JSON.parse(secrets.redactLine(line))).toEqual({
    '@level': 'info',
    '@message': `sent "${HIDDEN}"`,
    pin: HIDDEN,
    n: [1],
    [HIDDEN]: { a: HIDDEN },
  });
  expect(secrets.redactLine(line)).toMatch(/\}\n$/);
  expect(knowing('30', '4711').redactLine('{"level":30,"pid":4711}')).toBe(
    `{"level":30,"pid":"${HIDDEN}"}`,
  );
  expect(secrets.redactLine('{"broken": hunter2-x')).toBe(`{"broken": ${HIDDEN}`);
  expect(knowing('other-secret').redactLine(line)).toBe(line);
});

const text = fc.string({ unit: 'binary' });
const secret = fc
  .string({ unit: 'binary', minLength: 8, maxLength: 40 })
  .map((value) => value.trim())
  .filter((value) => value.length >= 8 && !/[\r\n]/.test(value) && !HIDDEN.includes(value));
const encodings: Record<string, (value: string) => string> = {
  raw: (value) => value,
  json: (value) => JSON.stringify(value).slice(1, -1),
  jsonTwice: (value) => JSON.stringify(JSON.stringify(value).slice(1, -1)).slice(1, -1),
  inspected: (value) => inspect(value).slice(1, -1),
  url: encodeURIComponent,
  form: (value) => new URLSearchParams({ value }).toString().slice('value='.length),
  hex: (value) => Buffer.from(value).toString('hex'),
};

test('no encoding of a secret of 8 or more characters survives in any text', () => {
  fc.assert(
    fc.property(text, secret, text, fc.constantFrom(...Object.keys(encodings)), (...given) => {
      const [before, value, after, encoding] = given;
      const encoded = encodings[encoding]?.(value) ?? '';
      const redacted = knowing(value).redact(`${before}${encoded}${after}`);
      expect(redacted).toContain(HIDDEN);
      expect(redacted).not.toContain(encoded);
    }),
    { numRuns: 2000 },
  );
});

test('no Base64 of data that holds a secret of 8 or more characters shows a character of it', () => {
  const variant = fc.constantFrom<'base64' | 'base64url'>('base64', 'base64url');
  fc.assert(
    fc.property(fc.uint8Array(), secret, fc.uint8Array(), variant, (...given) => {
      const [before, value, after, alphabet] = given;
      const bytes = Buffer.from(value);
      const encoded = Buffer.concat([before, bytes, after]).toString(alphabet);
      const redacted = knowing(value).redact(encoded);
      const [left = '', ...rest] = redacted.split(HIDDEN);
      expect(rest.length).toBeGreaterThan(0);
      // What stands before the first cut holds no bit of the secret, and likewise after the last.
      expect(left.length * 6).toBeLessThanOrEqual(before.length * 8 + bytes.length * 8);
      const shown = Buffer.from(left, alphabet);
      expect(shown.length).toBeLessThanOrEqual(before.length);
      expect((rest.at(-1) ?? '').replace(/=+$/, '').length * 6).toBeLessThan(after.length * 8 + 6);
    }),
    { numRuns: 2000 },
  );
});

test('text made to be slow is redacted in time', () => {
  const secrets = knowing('\\'.repeat(40), 'a'.repeat(40), '%25'.repeat(10));
  const began = performance.now();
  for (const piece of ['\\', '%25', 'a', '\\u0061', '%5C%22']) {
    secrets.redact(piece.repeat(40_000));
  }
  // Takes half a second; what looks back over the text for each character takes minutes.
  expect(performance.now() - began).toBeLessThan(10_000);
});
