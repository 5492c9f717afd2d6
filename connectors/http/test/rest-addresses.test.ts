import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import * as fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { needs } from '../../../tools/testing/require-program.ts';
import { addressGuard, isPublic } from '../src/rest/address-guard.ts';
import { createDispatcher } from '../src/rest/dispatcher.ts';
import { prepare } from '../src/rest/setup.ts';
import { restConfig } from './support/config.ts';
import { failureOf } from './support/failure.ts';
import {
  listenForTest,
  messageOf,
  sendFailure,
  serveHttp,
  signal,
  startRest,
} from './support/rest.ts';

const BLOCKED = { code: 'BLOCKED_DESTINATION', recoverable: false };
const guarded = { ssrf: { allowPrivate: false } };

/** A listener that must never see a connection. */
async function startCanary(host = '127.0.0.1'): Promise<{ port: number; seen: () => number }> {
  let seen = 0;
  const server = createServer((socket) => {
    seen += 1;
    socket.destroy();
  });
  return { port: await listenForTest(server, host), seen: () => seen };
}

describe('private addresses are refused, however they are written', () => {
  test.each([
    '127.0.0.1',
    '127.0.0.1.',
    '127.1',
    '2130706433',
    '0x7f.1',
    '0177.0.0.1',
    '%31%32%37.0.0.1',
    '0.0.0.0',
    '[::1]',
    '[::]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
  ])('%s', async (host) => {
    const canary = await startCanary(host.startsWith('[::1') ? '::1' : '127.0.0.1');
    const starting = startRest({ url: `http://${host}:${canary.port}/`, ...guarded });
    expect(await failureOf(starting)).toMatchObject(BLOCKED);
    expect(canary.seen()).toBe(0);
  });

  test.each(['localhost', 'LOCALHOST'])('the name %s', async (host) => {
    const canary = await startCanary();
    const { send, destination } = await startRest({
      url: `http://${host}:${canary.port}/`,
      ...guarded,
    });
    expect(await sendFailure(send(messageOf('m-1')))).toMatchObject(BLOCKED);
    expect(await failureOf(destination.probe.run(signal))).toMatchObject({
      ...BLOCKED,
      field: 'settings.url',
      rawMessage: expect.stringContaining('add ssrf: { allowPrivate: true }'),
    });
    expect(canary.seen()).toBe(0);
  });

  test('and reached when that is wanted', async () => {
    const canary = await startCanary();
    const { send, destination } = await startRest({ url: `http://localhost:${canary.port}/` });
    expect(await sendFailure(send(messageOf('m-1')))).toMatchObject({ reason: 'AMBIGUOUS' });
    expect(await destination.probe.run(signal)).toEqual([]);
    await vi.waitFor(() => expect(canary.seen()).toBe(2), { timeout: 10_000 });
  });
});

test.each([
  ['93.184.216.34', true],
  ['2606:2800:220:1:248:1893:25c8:1946', true],
  ['::ffff:93.184.216.34', true],
  ['10.1.2.3', false],
  ['172.16.0.1', false],
  ['192.168.1.1', false],
  ['100.64.0.1', false],
  ['169.254.169.254', false],
  ['::ffff:169.254.169.254', false],
  ['::ffff:a9fe:a9fe', false],
  ['0.1.2.3', false],
  ['224.0.0.1', false],
  ['240.0.0.1', false],
  ['255.255.255.255', false],
  ['192.0.2.1', false],
  ['198.18.0.1', false],
  ['::', false],
  ['::127.0.0.1', false],
  ['fd00::1', false],
  ['fe80::1', false],
  ['fe80::1%eth0', false],
  ['ff02::1', false],
  ['64:ff9b::a00:1', false],
  ['64:ff9b::5db8:d822', true],
  ['64:ff9b:1::5db8:d822', false],
  ['::ffff:0:127.0.0.1', false],
  ['2001::1', false],
  ['100::1', false],
  ['fec0::1', false],
  ['4000::1', false],
  ['2002:7f00:1::', false],
  ['2001:db8::1', false],
])('%s is public: %s', (address, expected) => {
  expect(isPublic(address)).toBe(expected);
});

describe('names that lead inside', () => {
  const isolated = needs('unshare') && needs('ip');

  test.runIf(isolated)(
    'are refused by the connection itself, so that none can change in between',
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'names-'));
      onTestFinished(() => rmSync(folder, { recursive: true }));
      const resolver = join(folder, 'resolv.conf');
      writeFileSync(resolver, 'nameserver 127.0.0.1\n');
      const fixture = fileURLToPath(new URL('fixtures/rebinding.ts', import.meta.url));
      const script = [
        'ip link set lo up',
        'ip address add 93.184.215.14/32 dev lo',
        'ip address add 2600:1406::1/128 dev lo nodad', // without one, no name is asked for IPv6
        'mount --bind "$1" /etc/resolv.conf',
        'exec "$2" --conditions=vrsky:source "$3"',
      ].join(' && ');
      const shell = ['sh', '-c', script, 'sh', resolver, process.execPath, fixture];
      const { stdout } = await promisify(execFile)('unshare', ['-rmn', ...shell]);
      const BLOCKED_TWICE = ['BLOCKED_DESTINATION', 'BLOCKED_DESTINATION'];
      expect(JSON.parse(stdout)).toEqual({
        outcomes: {
          public: ['sent', 'sent'],
          rebinding: ['sent', 'BLOCKED_DESTINATION'],
          two: BLOCKED_TWICE,
          metadata: BLOCKED_TWICE,
          mapped: BLOCKED_TWICE,
          nat64: BLOCKED_TWICE,
          loopback: BLOCKED_TWICE,
        },
        reached: [
          '::ffff:93.184.215.14 public.example:8080',
          '::ffff:93.184.215.14 public.example:8080',
          '::ffff:93.184.215.14 rebinding.example:8080',
        ],
      });
    },
  );
});

test('the pool itself connects to no such address, whoever asks it to', async () => {
  const canary = await startCanary();
  const config = restConfig({ url: 'http://a.example', ...guarded });
  const dispatcher = await createDispatcher(prepare(config, { hideSecret: () => {} }));
  onTestFinished(() => dispatcher.destroy());
  for (const host of ['127.0.0.1', '[::ffff:127.0.0.1]', 'localhost']) {
    const request = { origin: `http://${host}:${canary.port}`, path: '/', method: 'GET' } as const;
    expect(await failureOf(dispatcher.request(request))).toMatchObject(BLOCKED);
  }
  expect(canary.seen()).toBe(0);
});

test.each([301, 302, 303, 307, 308])(
  'a redirect (%s) to a private address leads nowhere',
  async (status) => {
    const canary = await startCanary();
    const { url } = await serveHttp((_request, response) => {
      response.writeHead(status, { location: `http://127.0.0.1:${canary.port}/secret` }).end();
    });
    const { send } = await startRest({ url });
    const failure = await sendFailure(send(messageOf('m-1')));
    expect(failure).toMatchObject({ code: 'SEND_FAILED', recoverable: false, reason: 'REDIRECT' });
    expect(failure.message).not.toContain('secret');
    expect(canary.seen()).toBe(0);
  },
);

describe('networks of the settings', () => {
  const open = { allowPrivate: true, allowCidrs: [], denyCidrs: [] };

  test('open what is private, and close what is not, which is stronger', () => {
    const guard = addressGuard({
      allowPrivate: false,
      allowCidrs: ['10.1.0.0/16', 'fd00:1::/32'],
      denyCidrs: ['10.1.2.0/24', '93.184.0.0/16'],
    });
    const allows = (address: string): boolean => guard.check(address) === undefined;
    const allowed = ['10.1.1.1', '::ffff:10.1.1.1', 'fd00:1::1', '1.1.1.1'];
    const refused = [
      '10.2.1.1',
      '10.1.2.3',
      '::ffff:10.1.2.3',
      '64:ff9b::a01:203',
      'fd00:2::1',
      '93.184.1.1',
    ];
    expect(allowed.filter((address) => !allows(address))).toEqual([]);
    expect(refused.filter((address) => allows(address))).toEqual([]);
    expect(addressGuard({ ...open, denyCidrs: ['10.0.0.0/8'] }).check('10.1.1.1')).toMatchObject(
      BLOCKED,
    );
    expect(addressGuard({ ...open, denyCidrs: ['10.0.0.0/8'] }).check('127.0.0.1')).toBeUndefined();
  });

  test('are used where the connection is made', async () => {
    const canary = await startCanary();
    const url = `http://127.0.0.1:${canary.port}/`;
    const one = await startRest({
      url,
      ssrf: { allowPrivate: false, allowCidrs: ['127.0.0.0/8'] },
    });
    expect(await sendFailure(one.send(messageOf('m-1')))).toMatchObject({ reason: 'AMBIGUOUS' });
    expect(canary.seen()).toBe(1);
    const ssrf = { allowPrivate: true, denyCidrs: ['127.0.0.0/8'] };
    expect(await failureOf(startRest({ url, ssrf }))).toMatchObject(BLOCKED);
    const byName = await startRest({
      url: url.replace('127.0.0.1', 'localhost'),
      ssrf: { ...ssrf, denyCidrs: ['127.0.0.0/8', '::1/128'] },
    });
    expect(await sendFailure(byName.send(messageOf('m-1')))).toMatchObject(BLOCKED);
    expect(canary.seen()).toBe(1);
  });

  test.each(['10.0.0.0', '10.0.0.0/33', 'localhost/8', ''])('cannot be %j', async (network) => {
    const ssrf = { denyCidrs: [network] };
    expect(await failureOf(startRest({ url: 'http://a.example', ssrf }))).toMatchObject({
      code: 'INVALID_CONFIG',
      field: 'settings.ssrf.denyCidrs[0]',
    });
  });
});

describe('whatever the address is', () => {
  /** What IANA's registries of special-purpose addresses call not globally reachable. */
  const SPECIAL = [
    ['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12'],
    ['192.0.0.0/24', '192.0.2.0/24', '192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24'],
    ['203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4', '::/128', '::1/128', '64:ff9b:1::/48'],
    ['100::/64', '2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20', '5f00::/16', 'fc00::/7'],
    ['fe80::/10', 'fec0::/10', 'ff00::/8'],
  ].flat();

  /** Any address of a network. */
  const within = fc.constantFrom(...SPECIAL).chain((network) => {
    const [base, bits] = ipaddr.parseCIDR(network);
    const bytes = base.toByteArray();
    return fc.uint8Array({ minLength: bytes.length, maxLength: bytes.length }).map((random) =>
      ipaddr.fromByteArray(
        bytes.map((byte, i) => {
          const fixed = Math.min(8, Math.max(0, bits - i * 8));
          const mask = (0xff << (8 - fixed)) & 0xff;
          return (byte & mask) | ((random[i] ?? 0) & ~mask);
        }),
      ),
    );
  });

  test('none of a special network is public, in whatever form', () => {
    fc.assert(
      fc.property(within, (address) => {
        const bytes = address.toByteArray();
        const forms = [address.toString(), address.toNormalizedString()];
        if (bytes.length === 4) {
          forms.push(`::ffff:${address.toString()}`);
          const hex = Buffer.from(bytes)
            .toString('hex')
            .replace(/(....)(....)/, '$1:$2');
          forms.push(`::ffff:${hex}`, `64:ff9b::${hex}`, `2002:${hex}::1`, `::${hex}`);
          const [a = 0, b = 0, c = 0, d = 0] = bytes;
          const number = ((a * 256 + b) * 256 + c) * 256 + d;
          const octal = bytes.map((byte) => `0${byte.toString(8)}`).join('.');
          // As a URL has them, every one comes out in the usual form.
          for (const host of [
            String(number),
            `0x${number.toString(16)}`,
            octal,
            `${a}.${number % 2 ** 24}`,
          ]) {
            forms.push(new URL(`http://${host}/`).hostname);
          }
        }
        expect(forms.filter((form) => isPublic(form))).toEqual([]);
      }),
      { numRuns: 5000, seed: 26 },
    );
  });
});
