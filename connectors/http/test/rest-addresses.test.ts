import { createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import { isPublic } from '../src/rest/address-guard.ts';
import { failureOf } from './support/failure.ts';
import { listenForTest, messageOf, sendFailure, signal, startRest } from './support/rest.ts';

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
    expect(await destination.validate(signal)).toEqual([expect.stringContaining('does not allow')]);
    expect(canary.seen()).toBe(0);
  });

  test('and reached when that is wanted', async () => {
    const canary = await startCanary();
    const { send, destination } = await startRest({ url: `http://localhost:${canary.port}/` });
    expect(await sendFailure(send(messageOf('m-1')))).toMatchObject({ reason: 'AMBIGUOUS' });
    expect(await destination.validate(signal)).toEqual([]);
    expect(canary.seen()).toBe(1);
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
  ['2002:7f00:1::', false],
  ['2001:db8::1', false],
])('%s is public: %s', (address, expected) => {
  expect(isPublic(address)).toBe(expected);
});
