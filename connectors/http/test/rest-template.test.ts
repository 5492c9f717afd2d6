import type { Message } from '@vrsky/runtime';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addressGuard } from '../src/rest/address-guard.ts';
import { compileTarget } from '../src/rest/target.ts';
import { failureOf } from './support/failure.ts';
import { messageOf, sendFailure, serveRecorder, signal, startRest } from './support/rest.ts';

const metadata = { ...messageOf('').metadata, customerId: 'c/1' };
const UNFIT = { code: 'INVALID_MESSAGE', recoverable: false };

test('URL, query and headers are filled in from the message, escaped by their place', async () => {
  const { url, seen } = await serveRecorder();
  const { send } = await startRest({
    url: `${url}/{{metadata.customerId}}/orders%2F/{{ headers.order-id }}?a=1&id={{message.id}}`,
    query: { 'q&': 'x {{message.contentType}} &', time: '{{message.timestamp}}' },
    headers: { 'X-Order': '"{{headers.order-id}}" of {{metadata.customerId}}' },
  });
  const headers = { 'order-id': 'ä b?#../%' };
  const timestamp = Temporal.Instant.from('2026-11-26T10:00:00Z');
  const [receipt] = await send(messageOf('m&1', { metadata, headers, timestamp }));
  expect(receipt).toMatchObject({ messageId: 'm&1' });
  expect(seen[0]?.url).toBe(
    '/c%2F1/orders%2F/%C3%A4%20b%3F%23..%2F%25?a=1&id=m%261' +
      '&q%26=x%20text%2Fplain%20%26&time=2026-11-26T10%3A00%3A00Z',
  );
  const sent = Buffer.from(String(seen[0]?.headers['x-order']), 'latin1').toString('latin1');
  expect(sent).toBe('"ä b?#../%" of c/1');
});

test('headers of the message are sent on where it has them, if they are listed', async () => {
  const { url, seen } = await serveRecorder();
  const forwardHeaders = ['x-shop', 'x-other', 'connection', '__proto__'];
  const { send } = await startRest({ url, forwardHeaders, headers: { 'X-Other': 'mine' } });
  const headers = { 'x-shop': 'a', 'x-other': 'theirs', 'x-secret': 's', connection: 'close' };
  await send(messageOf('m-1', { headers }), messageOf('m-2'));
  expect(seen[0]?.headers).toMatchObject({ 'x-shop': 'a', 'x-other': 'mine' });
  expect(seen[0]?.headers).not.toHaveProperty('x-secret');
  expect(seen[0]?.headers.connection).toBe('keep-alive');
  expect(seen[1]?.headers).not.toHaveProperty('x-shop');
});

describe('a message whose values do not fit is not sent, and is told which', () => {
  test.each([
    ['a missing header', '/{{headers.order-id}}', {}, 'headers.order-id'],
    ['an inherited name', '/{{headers.constructor}}', {}, 'headers.constructor'],
    ['an empty value', '/{{metadata.tenantId}}', {}, 'metadata.tenantId'],
    ['CR and LF in the path', '/{{headers.a}}', { a: 'x\r\nX-Evil: 1' }, 'headers.a'],
    ['CR and LF in the query', '/?a={{headers.a}}', { a: 'x\r\nX-Evil: 1' }, 'headers.a'],
    ['NUL', '/{{headers.a}}', { a: 'secret\0' }, 'headers.a'],
    ['a way up', '/a/{{headers.a}}/b', { a: '..' }, 'settings.url'],
    ['half a way up', '/a/.{{headers.a}}', { a: '.' }, 'settings.url'],
    ['an escaped way up', '/a/%2e{{headers.a}}/b', { a: '.' }, 'settings.url'],
    ['a way nowhere', '/a/{{headers.a}}/b', { a: '.' }, 'settings.url'],
  ])('%s', async (_, path, headers, field) => {
    const { url, seen } = await serveRecorder();
    const { send, destination } = await startRest({ url: `${url}${path}` });
    const failure = await sendFailure(send(messageOf('m-1', { headers })));
    expect(failure).toMatchObject({ ...UNFIT, field });
    expect(failure.message).not.toMatch(/Evil|secret|\r|\n/);
    expect(seen).toEqual([]);
    expect((await destination.health(signal)).status).toBe('ok');
  });

  test.each([
    ['CR and LF', 'x\r\nX-Evil: 1'],
    ['what latin1 does not have', '€'],
  ])('%s in a header', async (_, value) => {
    const { url, seen } = await serveRecorder();
    const settings = { url, headers: { 'X-A': '{{headers.a}}' }, forwardHeaders: ['b'] };
    const { send } = await startRest(settings);
    for (const headers of [{ a: value }, { a: '1', b: value }]) {
      expect(await sendFailure(send(messageOf('m-1', { headers })))).toMatchObject(UNFIT);
    }
    expect(seen).toEqual([]);
  });
});

describe('the host', () => {
  test('is chosen by the message among those that are allowed', async () => {
    const { url, seen } = await serveRecorder();
    const port = url.split(':')[2];
    const allowedHosts = [`127.0.0.1:${port}`, `127.0.0.2:${port}`];
    const settings = { url: `http://{{headers.shop}}:${port}/{{headers.shop}}`, allowedHosts };
    const { send } = await startRest(settings);
    const [known, ...others] = await send(
      messageOf('1', { headers: { shop: '127.0.0.1' } }),
      ...['127.0.0.3', `127.0.0.1:${port}/`, 'x@127.0.0.1', '127.0.0.1#', '127.1'].map((shop) =>
        messageOf(shop, { headers: { shop } }),
      ),
    );
    expect(known).toMatchObject({ messageId: '1' });
    for (const other of others) {
      expect(other).toMatchObject({
        code: 'BLOCKED_DESTINATION',
        recoverable: false,
        field: 'settings.allowedHosts',
      });
    }
    expect(seen.map((request) => request.url)).toEqual(['/127.0.0.1']);
  });

  test.each([
    ['without a list', {}, 'settings.url'],
    ['with a path in the list', { allowedHosts: ['a.example/x'] }, 'settings.allowedHosts[0]'],
    ['with a user in the list', { allowedHosts: ['u@a.example'] }, 'settings.allowedHosts[0]'],
    ['with garbage in the list', { allowedHosts: ['a b'] }, 'settings.allowedHosts[0]'],
  ])('may not be a template %s', async (_, more, field) => {
    const starting = startRest({ url: 'http://{{headers.shop}}.example/', ...more });
    expect(await failureOf(starting)).toMatchObject({ code: 'INVALID_CONFIG', field });
  });

  test('is guarded for each that is allowed', async () => {
    const settings = { url: 'http://{{headers.shop}}/', allowedHosts: ['a.example', '127.1'] };
    const starting = startRest({ ...settings, ssrf: { allowPrivate: false } });
    expect(await failureOf(starting)).toMatchObject({ code: 'BLOCKED_DESTINATION' });
  });

  test('has its port and protocol from the settings alone', async () => {
    const port = startRest({ url: 'http://a.example:{{headers.shop}}/' });
    expect(await failureOf(port)).toMatchObject({ code: 'INVALID_CONFIG', field: 'settings.url' });
    const user = startRest({ url: 'http://{{headers.shop}}@a.example/' });
    expect(await failureOf(user)).toMatchObject({ code: 'INVALID_CONFIG', field: 'settings.url' });
  });
});

test.each([
  [
    { url: 'http://a.example/{{metadata.custmerId}}' },
    'settings.url',
    /did you mean \{\{metadata.customerId\}\}/,
  ],
  [{ url: 'http://a.example/${id}' }, 'settings.url', /\{\{message\.id\}\}, and found \$\{id\}/],
  [
    { url: 'http://a.example/', headers: { A: '${customerId}' } },
    'settings.headers.A',
    /\{\{metadata\.customerId\}\}/,
  ],
  [{ url: 'http://a.example/{{headers.a' }, 'settings.url', /"\}\}" after each "\{\{"/],
  [{ url: 'http://a.example/', query: { a: '{{payload}}' } }, 'settings.query.a', /headers\.NAME/],
  [{ url: 'http://a.example/', headers: { A: '{{}}' } }, 'settings.headers.A', /headers\.NAME/],
  [
    { url: 'http://a.example/', forwardHeaders: ['a b'] },
    'settings.forwardHeaders[0]',
    /header name/,
  ],
])('a template that cannot be filled in is refused: %j', async (settings, field, text) => {
  const failure = await failureOf(startRest(settings));
  expect(failure).toMatchObject({ code: 'INVALID_CONFIG', field });
  expect(failure.message).toMatch(text);
});

describe('whatever the values are', () => {
  const guard = addressGuard({ allowPrivate: false, allowCidrs: [], denyCidrs: [] });
  const template =
    'https://a.example/x/{{headers.a}}/y-{{headers.b}}/z?p={{headers.a}}&q={{headers.b}}';
  const { locate } = compileTarget({ url: template, query: { r: '{{headers.a}}' } }, guard);
  /** Ordinary text, mixed with what means something in a URL. */
  const value = fc
    .array(
      fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.constantFrom(
          '..',
          '.',
          '/',
          '\\',
          '%2e',
          '?',
          '#',
          '@',
          ':',
          '&',
          '=',
          '+',
          '%',
          '\r\n',
          '{{',
          ' ',
        ),
      ),
    )
    .map((parts) => parts.join(''));

  test('each stays in its place, and a server reads it as it was', () => {
    fc.assert(
      fc.property(value, value, (a, b) => {
        const message: Message = messageOf('m-1', { headers: { a, b } });
        let location: ReturnType<typeof locate>;
        try {
          location = locate(message);
        } catch (error) {
          expect(error).toMatchObject(UNFIT);
          const fits = a && b && !/\p{Cc}/u.test(a + b) && a !== '.' && a !== '..';
          expect(fits, 'a value that fits is not refused').toBeFalsy();
          return;
        }
        const url = new URL(location.origin + location.path);
        expect(url.origin).toBe('https://a.example');
        expect(url.pathname + url.search).toBe(location.path);
        expect(url.hash).toBe('');
        const segments = url.pathname.split('/').map(decodeURIComponent);
        const text = a.toWellFormed();
        expect(segments).toEqual(['', 'x', text, `y-${b.toWellFormed()}`, 'z']);
        expect([...url.searchParams]).toEqual([
          ['p', text],
          ['q', b.toWellFormed()],
          ['r', text],
        ]);
      }),
      { numRuns: 2000, seed: 26 },
    );
  });
});
