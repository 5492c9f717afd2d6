import type { ConnectionConfig, Message } from '@vrsky/runtime';
import { type ConnectorHost, checkSettings } from '@vrsky/runtime/plugin';
import { PublishSettings, SubscribeSettings } from '../../src/config.ts';

const zero = Temporal.Duration.from({ seconds: 0 });
const common = {
  id: 'connection-1',
  name: 'mqtt',
  credentials: {},
  timeout: Temporal.Duration.from({ seconds: 10 }),
  retryPolicy: { maxRetries: 0, backoffMultiplier: 0, initialBackoff: zero, maxBackoff: zero },
};
/** Fast enough for a test. */
const reconnect = { initialMs: 20, maxMs: 200, jitter: 0 };

/** A configuration with its defaults filled in as the runtime does it. */
export function subscribeConfig(
  settings: object,
  more: Partial<ConnectionConfig> = {},
): ConnectionConfig<SubscribeSettings> {
  const all = { subscriptions: [{ filter: 'in/#' }], reconnect, ...settings };
  return {
    ...common,
    ...more,
    type: 'mqtt-subscribe',
    settings: checkSettings(SubscribeSettings, all, 'settings'),
  };
}

export function publishConfig(
  settings: object,
  more: Partial<ConnectionConfig> = {},
): ConnectionConfig<PublishSettings> {
  const all = { topic: 'out/a', reconnect, ...settings };
  return {
    ...common,
    ...more,
    type: 'mqtt-publish',
    settings: checkSettings(PublishSettings, all, 'settings'),
  };
}

export function messageOf(id: string, more: Partial<Message> = {}): Message {
  return {
    id,
    payload: Buffer.from(`payload of ${id}`),
    contentType: 'text/plain',
    metadata: {
      customerId: '',
      tenantId: '',
      integrationId: '',
      source: '',
      destination: '',
      correlationId: '',
      traceId: '',
    },
    headers: {},
    timestamp: undefined,
    ...more,
  };
}

export interface TestHost {
  readonly host: ConnectorHost;
  /** Everything logged as a warning or worse, as text. */
  readonly warnings: string[];
  readonly metrics: string[];
}

/** What a connector may ask of its host. */
export function testHost(getSecret: (name: string) => string = () => ''): TestHost {
  const warnings: string[] = [];
  const metrics: string[] = [];
  const write = (first: unknown, text?: string): void => {
    warnings.push(typeof first === 'string' ? first : `${text} ${JSON.stringify(first)}`);
  };
  const log = { warn: write, error: write, info: () => {}, debug: () => {} };
  const host = {
    log,
    getSecret: async (name: string) => getSecret(name),
    recordMetric: (name: string) => metrics.push(name),
  };
  return { host: host as unknown as ConnectorHost, warnings, metrics };
}
