import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { checkSettings } from '@vrsky/runtime/plugin';
import { describe, expect, test } from 'vitest';
import { RestSettings, WebhookSettings } from '../src/config.ts';
import { connector } from '../src/connector.ts';

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

test('the version is that of the package', () => {
  expect(connector.metadata.version).toBe(manifest.version);
});

test('run by hand it tells what it is', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--conditions=vrsky:source',
    main,
    'metadata',
  ]);
  expect(JSON.parse(stdout)).toMatchObject({
    id: 'http',
    name: 'http-connector',
    version: manifest.version,
    supportedTypes: ['http-webhook', 'http', 'http-rest'],
    capabilities: ['retryable', 'batching', 'tls', 'mtls', 'streaming'],
  });
});

describe('settings', () => {
  test('of http-webhook have defaults throughout', () => {
    expect(checkSettings(WebhookSettings, {}, 'settings')).toEqual({
      host: '0.0.0.0',
      port: 8080,
      auth: {},
      probe: true,
      ackMode: 'stored',
      success: { status: 202, body: '', headers: {} },
      bodyLimitBytes: 1_048_576,
      contentTypes: ['*/*'],
      ipAllow: [],
      ipDeny: [],
      trustProxy: [],
      replay: {
        toleranceSeconds: 300,
        futureSkewSeconds: 60,
        windowSeconds: 86_400,
        maxEvents: 100_000,
      },
      decompress: { maxBytes: 0, maxRatio: 100 },
      headers: { include: [], exclude: [] },
      defaultContentType: 'application/octet-stream',
      healthPath: '/healthz',
      maxInFlight: 500,
      maxInFlightBytes: 67_108_864,
      retryAfterSeconds: 5,
      drainTimeoutMs: 10_000,
      maxConnections: 2000,
      maxHeaderBytes: 16_384,
      timeouts: { headersMs: 10_000, requestMs: 30_000, keepAliveMs: 5000 },
    });
    const routes = [{ path: '/orders' }];
    expect(checkSettings(WebhookSettings, { routes }, 'settings').routes).toEqual([
      { path: '/orders', methods: ['POST'] },
    ]);
  });

  test('of http-rest need a URL only', () => {
    const url = 'https://shop.example/orders';
    expect(checkSettings(RestSettings, { url }, 'settings')).toEqual({
      url,
      method: 'POST',
      query: {},
      headers: {},
      forwardHeaders: [],
      auth: {},
      probe: true,
      timeouts: { connectMs: 10_000, headersMs: 0, bodyMs: 0 },
      ssrf: { allowPrivate: false, allowCidrs: [], denyCidrs: [] },
      successStatus: ['200-299'],
      retryStatus: [],
      maxConnections: 32,
      circuitBreaker: {
        enabled: true,
        windowMs: 30_000,
        minRequests: 20,
        failureRatio: 0.5,
        openMs: 15_000,
        halfOpenMax: 3,
      },
      batch: { mode: 'none', maxCount: 100, maxBytes: 1_048_576, lingerMs: 0 },
      response: { maxBytes: 65_536, maxHeaderBytes: 16_384 },
    });
  });

  test.each([
    [WebhookSettings, { port: 65_536 }, 'settings.port'],
    [WebhookSettings, { port: '8080' }, 'settings.port'],
    [WebhookSettings, { bodyLimitBytes: 16 * 1024 * 1024 }, 'settings.bodyLimitBytes'],
    [WebhookSettings, { timeout: 1 }, 'settings.timeout'],
    [WebhookSettings, { timeouts: { headers: 1 } }, 'settings.timeouts.headers'],
    [WebhookSettings, { routes: [] }, 'settings.routes'],
    [WebhookSettings, { routes: [{ path: 'orders' }] }, 'settings.routes[0].path'],
    [
      WebhookSettings,
      { routes: [{ path: '/', methods: ['TRACE'] }] },
      'settings.routes[0].methods[0]',
    ],
    [RestSettings, {}, 'settings.url'],
    [RestSettings, { url: '' }, 'settings.url'],
    [RestSettings, { url: 'http://a.example', method: 'TRACE' }, 'settings.method'],
    [RestSettings, { url: 'http://a.example', headers: { a: 1 } }, 'settings.headers.a'],
  ])('%# are refused: %j', (schema, settings, field) => {
    expect(() => checkSettings(schema, settings, 'settings')).toThrow(
      expect.objectContaining({ code: 'INVALID_CONFIG', field }),
    );
  });

  test('all have a description', () => {
    const undescribed: string[] = [];
    const visit = (schema: Schema, path: string): void => {
      for (const [name, setting] of Object.entries(schema.properties ?? {})) {
        if (!setting.description) undescribed.push(`${path}.${name}`);
        visit(setting, `${path}.${name}`);
        if (setting.items) visit(setting.items, `${path}.${name}[]`);
      }
    };
    visit(WebhookSettings as unknown as Schema, 'http-webhook');
    visit(RestSettings as unknown as Schema, 'http-rest');
    expect(undescribed).toEqual([]);
  });
});

interface Schema {
  readonly description?: string;
  readonly properties?: Record<string, Schema>;
  readonly items?: Schema;
}
