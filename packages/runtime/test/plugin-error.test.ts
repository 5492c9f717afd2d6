import { readFileSync } from 'node:fs';
import { ERROR_CATALOGUE, PluginError } from '@vrsky/runtime';
import { describe, expect, test } from 'vitest';
import { errorFromStatus, statusFromError } from '../src/wire/error.ts';

describe('an error crosses the wire whole', () => {
  test.each(Object.entries(ERROR_CATALOGUE))('%s', (code, { recoverable }) => {
    const sent = new PluginError(code, 'what failed', {
      reason: 'WHY',
      field: 'settings.port',
      retryAfterMs: 1500,
    });
    const status = statusFromError(sent);
    expect(status.rawMessage).toBe(`[${code}] what failed (recoverable=${recoverable})`);
    const { message, rawMessage, reason, field, retryAfterMs } = sent;
    expect(errorFromStatus(status)).toMatchObject({
      code,
      message,
      rawMessage,
      recoverable,
      reason,
      field,
      retryAfterMs,
    });
  });
});

test('every code of the catalogue stands in docs/protocol.md, and no other', () => {
  const page = readFileSync(new URL('../../../docs/protocol.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| `([A-Z_]+)` \| (yes|no) \| (yes|no) \| (.+) \|$/gm)];
  const documented = rows.map(([, code = '', retry, outage, meaning]) => [
    code,
    {
      recoverable: retry === 'yes',
      outage: outage === 'yes',
      meaning: meaning?.replaceAll('`', ''),
    },
  ]);
  const catalogue = Object.entries(ERROR_CATALOGUE).map(([code, entry]) => {
    return [code, { ...entry, meaning: entry.meaning.replaceAll('`', '') }];
  });
  expect(documented).toEqual(catalogue);
});

test('an outage is a recoverable error of a code that says so, and of no unknown one', () => {
  expect(new PluginError('SERVER_ERROR', 'x').outage).toBe(true);
  expect(new PluginError('SERVER_ERROR', 'x', { recoverable: false }).outage).toBe(false);
  expect(new PluginError('SEND_FAILED', 'x').outage).toBe(false);
  expect(new PluginError('MADE_UP', 'x', { recoverable: true }).outage).toBe(false);
});

test('an unforeseen error is INTERNAL, recoverable, and keeps its cause', () => {
  const bug = new TypeError('x is undefined');
  expect(PluginError.from(bug)).toMatchObject({ code: 'INTERNAL', recoverable: true, cause: bug });
});

test('a text above 4 KiB is cut at a whole character, after secrets are', () => {
  const long = new PluginError('INTERNAL', 'ä'.repeat(5000)).redacted((text) => text);
  expect(Buffer.byteLength(long.rawMessage)).toBeLessThanOrEqual(4096);
  expect(long.rawMessage).toMatch(/^ä+…$/);
  const redact = (text: string): string => text.replaceAll('secret', 'XXX');
  const { rawMessage } = new PluginError('INTERNAL', `${'a'.repeat(4090)}secret`).redacted(redact);
  expect(rawMessage).toBe(`${'a'.repeat(4090)}XXX`);
});

test('a redacted error has no secret in any of its texts; the codes of the catalogue stay', () => {
  const redact = (text: string): string => text.replaceAll('SEND', 'XXX');
  const options = { reason: 'SEND 1', field: 'SEND 2', retryAfterMs: 5, recoverable: false };
  expect(new PluginError('SEND_OTHER', 'SEND 3', options).redacted(redact)).toMatchObject({
    code: 'XXX_OTHER',
    message: '[XXX_OTHER] XXX 3 (recoverable=false)',
    rawMessage: 'XXX 3',
    reason: 'XXX 1',
    field: 'XXX 2',
    retryAfterMs: 5,
  });
  expect(new PluginError('SEND_FAILED', '').redacted(redact).code).toBe('SEND_FAILED');
});
