import type { ConnectionConfig } from '@vrsky/runtime';
import { checkSettings } from '@vrsky/runtime/plugin';
import { slowly } from '../../../../tools/testing/slowness.ts';
import { IncomingSettings, OutgoingSettings } from '../../src/config.ts';

const zero = Temporal.Duration.from({ seconds: 0 });
const common = {
  id: 'connection-1',
  name: 'files',
  credentials: {},
  timeout: zero,
  retryPolicy: { maxRetries: 0, backoffMultiplier: 0, initialBackoff: zero, maxBackoff: zero },
};

/** A configuration with its defaults filled in as the runtime does it; quick, for tests. */
export function incomingConfig(
  settings: object,
  more: Partial<ConnectionConfig> = {},
): ConnectionConfig<IncomingSettings> {
  const quick = {
    direction: 'incoming',
    host: '127.0.0.1',
    directory: '/drop',
    pollIntervalMs: 50,
    connectTimeoutMs: slowly(10_000),
    stability: { checks: 0 },
    ...settings,
  };
  return {
    type: 'ftp',
    ...common,
    ...more,
    settings: checkSettings(IncomingSettings, quick, 'settings'),
  };
}

export function outgoingConfig(
  settings: object,
  more: Partial<ConnectionConfig> = {},
): ConnectionConfig<OutgoingSettings> {
  const local = {
    direction: 'outgoing',
    host: '127.0.0.1',
    directory: '/drop',
    connectTimeoutMs: slowly(10_000),
    ...settings,
  };
  return {
    type: 'ftp',
    ...common,
    ...more,
    settings: checkSettings(OutgoingSettings, local, 'settings'),
  };
}
