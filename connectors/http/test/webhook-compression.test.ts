import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { configOf, launchHttp } from './support/process.ts';
import { createSource, deliver, inFlight, post, startWebhook } from './support/webhook.ts';

const MIB = 1024 * 1024;
const text = Buffer.from('{"n":1}'.repeat(500));

function encoded(encoding: string, body: Buffer) {
  return [body, { headers: { 'content-encoding': encoding } }] as const;
}

describe('compressed bodies', () => {
  test('are passed on as they come, when nothing is said', async () => {
    const webhook = await startWebhook();
    const body = gzipSync(text);
    const { message } = await deliver(webhook, post(webhook.port, '/', ...encoded('gzip', body)));
    expect(body.equals(message.payload)).toBe(true);
    expect(message.headers).toMatchObject({ 'content-encoding': 'gzip' });
  });

  test.each([
    ['gzip', gzipSync(text)],
    ['GZIP', gzipSync(text)],
    ['deflate', deflateSync(text)],
    ['br', brotliCompressSync(text)],
    ['identity', text],
    ['gzip', Buffer.alloc(0)],
  ])('are decompressed when that is wanted: %s', async (encoding, body) => {
    const webhook = await startWebhook({ decompress: { maxBytes: 4 * MIB, maxRatio: 1000 } });
    const { message } = await deliver(webhook, post(webhook.port, '/', ...encoded(encoding, body)));
    const expected = body.length > 0 ? text : body;
    expect(expected.equals(message.payload)).toBe(true);
    if (body.length === 0 || encoding === 'identity') return;
    expect(message.headers).not.toHaveProperty('content-encoding');
    expect(message.headers).not.toHaveProperty('content-length');
  });

  test('are signed as they came', async () => {
    const body = gzipSync(text);
    const digest = createHmac('sha256', 'secret').update(body).digest('hex');
    const settings = { auth: { github: {} }, decompress: { maxBytes: MIB } };
    const webhook = await startWebhook(settings, { credentials: { hmac_secret: 'secret' } });
    const headers = { 'content-encoding': 'gzip', 'x-hub-signature-256': `sha256=${digest}` };
    const { message } = await deliver(webhook, post(webhook.port, '/', body, { headers }));
    expect(text.equals(message.payload)).toBe(true);
  });

  test('tell their event in what they are decompressed', async () => {
    const settings = { eventId: { jsonPointer: '/id' }, decompress: { maxBytes: MIB } };
    const webhook = await startWebhook(settings);
    const body = gzipSync('{"id":"e-1"}');
    const { message } = await deliver(webhook, post(webhook.port, '/', ...encoded('gzip', body)));
    expect(message.id).toBe('e-1');
  });

  test.each([
    ['that are none', 'gzip', Buffer.from('no gzip'), 400],
    ['that end early', 'gzip', gzipSync('short').subarray(0, -9), 400],
    ['in an unknown way', 'zstd', text, 415],
    ['twice', 'gzip, br', text, 415],
    ['by something that objects have', 'constructor', text, 415],
    ['that become too large', 'gzip', gzipSync(Buffer.alloc(4001)), 413],
    ['that become too much larger', 'gzip', gzipSync(Buffer.alloc(3000)), 413],
  ])('%s are refused', async (_, encoding, body, status) => {
    const webhook = await startWebhook({ decompress: { maxBytes: 4000, maxRatio: 50 } });
    const answer = await post(webhook.port, '/', ...encoded(encoding, body));
    expect(answer.status).toBe(status);
    expect(inFlight(webhook)).toBe(0);
  });

  test('claim the room that they may need, and give back what they do not', async () => {
    const decompress = { maxBytes: 100, maxRatio: 100 };
    const webhook = await startWebhook({ bodyLimitBytes: 100, maxInFlightBytes: 200, decompress });
    const first = post(webhook.port, '/', 'x'.repeat(100));
    const handed = await webhook.next();
    const refused = await post(webhook.port, '/', ...encoded('gzip', gzipSync('y')));
    expect(refused.status).toBe(503);
    webhook.source.ack(handed, undefined);
    await first;
    const second = post(webhook.port, '/', ...encoded('gzip', gzipSync('y')));
    const small = await webhook.next();
    expect(webhook.source.health().details['inFlightBytes']).toBe('1');
    webhook.source.ack(small, undefined);
    expect((await second).status).toBe(202);
  });

  test('need room: less than one may need is a fault of the configuration', async () => {
    const settings = { maxInFlightBytes: 2 * MIB, decompress: { maxBytes: 2 * MIB } };
    const { source } = createSource(settings);
    await expect(source.validate(AbortSignal.timeout(5000))).rejects.toMatchObject({
      code: 'INVALID_CONFIG',
      field: 'settings.maxInFlightBytes',
    });
  });

  test('a bomb of 10 GB in 10 MB is answered 413, and takes no memory', async () => {
    // gzip files may follow one another; one of 100 MB of zeros a hundred times.
    const bomb = Buffer.concat(Array.from({ length: 100 }, () => hundredMegabytes));
    expect(bomb.length).toBeGreaterThan(9 * MIB);
    const { node, pid } = await launchHttp();
    const settings = {
      ...{ host: '127.0.0.1', port: 0, bodyLimitBytes: 15 * MIB },
      decompress: { maxBytes: 4 * MIB, maxRatio: 5000 },
    };
    await node.connect(configOf('http-webhook', settings));
    const port = Number((await node.health()).details['port']);
    const peakOf = async (body: Buffer, status: number): Promise<number> => {
      let peak = 0;
      const watch = setInterval(() => {
        peak = Math.max(peak, residentBytes(pid));
      }, 1);
      const answer = await post(port, '/', ...encoded('gzip', body));
      clearInterval(watch);
      expect(answer.status).toBe(status);
      return peak;
    };
    // The same upload, and no bomb: what is measured is what the bomb adds.
    let before = 0;
    for (let i = 0; i < 5; i++) {
      before = Math.max(before, await peakOf(Buffer.alloc(bomb.length, 'x'), 400));
    }
    const during = await peakOf(bomb, 413);
    expect(before).toBeGreaterThan(0);
    expect((during - before) / MIB).toBeLessThan(20);
  });
});

function residentBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1024;
}

const hundredMegabytes = gzipSync(Buffer.alloc(100_000_000), { level: 9 });
