import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { checkSettings } from '@vrsky/runtime/plugin';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { PublishSettings, SubscribeSettings } from '../src/config.ts';
import { connector } from '../src/connector.ts';
import { PublishDestination } from '../src/destination.ts';
import { SubscribeSource } from '../src/source.ts';
import { publishConfig, subscribeConfig, testHost } from './support/config.ts';
import { failureOf } from './support/failure.ts';

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
const signal = AbortSignal.timeout(60_000);
const brokers = ['mqtts://broker.example'];
const subscriptions = [{ filter: 'a' }];

test('the version is that of the package', () => {
  expect(connector.metadata.version).toBe(manifest.version);
});

test('run by hand it tells what it is', async () => {
  const args = ['--conditions=vrsky:source', main, 'metadata'];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  expect(JSON.parse(stdout)).toMatchObject({
    id: 'mqtt',
    name: 'mqtt-connector',
    version: manifest.version,
    supportedTypes: ['mqtt-subscribe', 'mqtt', 'mqtt-publish'],
    capabilities: ['retryable', 'tls', 'mtls', 'streaming'],
  });
});

describe('settings', () => {
  test('of mqtt-subscribe need brokers and subscriptions; what they get by default keeps a session', () => {
    expect(checkSettings(SubscribeSettings, { brokers, subscriptions }, 'settings')).toEqual({
      brokers,
      probe: true,
      protocolVersion: 5,
      keepaliveSeconds: 30,
      connectTimeoutMs: 10_000,
      reconnect: { initialMs: 500, maxMs: 30_000, multiplier: 2, jitter: 0.3 },
      maximumPacketSize: 1_048_576,
      tls: { alpn: [], minVersion: 'TLSv1.2' },
      websocket: { headers: {} },
      cleanStart: false,
      sessionExpirySeconds: 86_400,
      subscriptions: [
        { filter: 'a', qos: 1, noLocal: false, retainAsPublished: true, retainHandling: 0 },
      ],
      maxInFlight: 100,
      maxInFlightBytes: 33_554_432,
      qos0Overflow: 'drop-newest',
      ackOrder: 'in-order',
      retained: 'deliver',
      defaultContentType: 'application/octet-stream',
      drainTimeoutMs: 10_000,
    });
  });

  test('of mqtt-publish need brokers and a topic', () => {
    expect(checkSettings(PublishSettings, { brokers, topic: 'a' }, 'settings')).toMatchObject({
      cleanStart: true,
      sessionExpirySeconds: 0,
      qos: 1,
      retain: false,
      forwardHeaders: true,
      userProperties: {},
      topicAlias: 'off',
      maxInFlight: 64,
      noMatchingSubscribers: 'ok',
      offline: 'wait',
    });
  });

  test.each([
    [SubscribeSettings, { subscriptions }, 'settings.brokers'],
    [SubscribeSettings, { brokers: [], subscriptions }, 'settings.brokers'],
    [SubscribeSettings, { brokers: ['http://a'], subscriptions }, 'settings.brokers[0]'],
    [SubscribeSettings, { brokers }, 'settings.subscriptions'],
    [
      SubscribeSettings,
      { brokers, subscriptions: [{ filter: 'a', qos: 3 }] },
      'settings.subscriptions[0].qos',
    ],
    [SubscribeSettings, { brokers, subscriptions, protocolVersion: 3 }, 'settings.protocolVersion'],
    [SubscribeSettings, { brokers, subscriptions, sharedGroup: 'a/b' }, 'settings.sharedGroup'],
    [SubscribeSettings, { brokers, subscriptions, topic: 'a' }, 'settings.topic'],
    [PublishSettings, { brokers }, 'settings.topic'],
    [PublishSettings, { brokers, topic: 'a', maxInFlight: 0 }, 'settings.maxInFlight'],
  ])('%# are refused', (schema, settings, field) => {
    expect(() => checkSettings(schema, settings, 'settings')).toThrow(
      expect.objectContaining({ code: 'INVALID_CONFIG', field }),
    );
  });
});

describe('Validate and Connect refuse, before anything is sent,', () => {
  test.each([
    [
      'a filter with a misplaced wildcard',
      { subscriptions: [{ filter: 'a+' }] },
      'settings.subscriptions[0].filter',
    ],
    [
      'noLocal of a shared subscription',
      { subscriptions: [{ filter: 'a', noLocal: true }], sharedGroup: 'g' },
      'settings.subscriptions[0].noLocal',
    ],
    ['a password in the URL', { brokers: ['mqtt://user:secret@a.example'] }, 'settings.brokers[0]'],
    ['a window below one packet', { maxInFlightBytes: 1000 }, 'settings.maxInFlightBytes'],
    ['a pattern that is none', { topicPattern: '{' }, 'settings.topicPattern'],
    ['a will without a topic name', { will: { topic: 'a/+' } }, 'settings.will.topic'],
    ['a birth without a topic name', { birth: { topic: '#' } }, 'settings.birth.topic'],
  ])('%s', async (_what, settings, field) => {
    const config = subscribeConfig({ brokers, ...settings });
    const expected = { code: 'INVALID_CONFIG', field, recoverable: false };
    const source = new SubscribeSource(config, testHost().host);
    const failure = await failureOf(source.validate(signal));
    expect(failure).toMatchObject(expected);
    expect(failure.message).not.toContain('secret');
    const starting = new SubscribeSource(config, testHost().host).start(AbortSignal.timeout(5000));
    expect(await failureOf(starting)).toMatchObject(expected);
  });

  test('a topic template that cannot be right', async () => {
    const config = publishConfig({ brokers, topic: 'a/#' });
    const failure = await failureOf(
      new PublishDestination(config, testHost().host).validate(signal),
    );
    expect(failure).toMatchObject({ code: 'INVALID_CONFIG', field: 'settings.topic' });
  });
});

test('Validate warns of a password that goes unencrypted, and of a proxy that is not used', async () => {
  vi.stubEnv('HTTPS_PROXY', 'http://proxy.example:3128');
  onTestFinished(() => void vi.unstubAllEnvs());
  const credentials = { username: 'user', password: 'password' };
  const url = 'mqtt://broker.example:1883';
  const config = subscribeConfig({ brokers: [url] }, { credentials });
  const warnings = await new SubscribeSource(config, testHost().host).validate(signal);
  expect(warnings).toEqual([
    expect.stringContaining(`${url} is sent the password unencrypted`),
    expect.stringContaining('the connection to broker.example is direct'),
  ]);
});
