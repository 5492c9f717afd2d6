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

test('a text above 4 KiB is cut at a whole character', () => {
  const { rawMessage } = new PluginError('INTERNAL', 'ä'.repeat(5000));
  expect(Buffer.byteLength(rawMessage)).toBeLessThanOrEqual(4096);
  expect(rawMessage).toMatch(/^ä+…$/);
});
