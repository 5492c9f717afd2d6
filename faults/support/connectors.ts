import { fileURLToPath } from 'node:url';
import { heapFlags } from '../../tools/build-executable/src/heap-flags.ts';
import type { ConnectorOptions } from '../programs/connector.ts';
import { fromSource, programs } from './program.ts';

/** As the executables have them. */
const flags = ['--v8-pool-size=1', ...heapFlags];

/** The connector whose outside is a file; it needs that file, and so cannot be an executable of ours. */
export function numbered(
  type: 'numbered-in' | 'numbered-out',
  settings: { file: string; count: number; bytes: number; ackTimeoutMs?: number },
): ConnectorOptions {
  const args = [...flags, ...fromSource, programs.numberedConnector];
  return { command: process.execPath, args, type, settings };
}

/** The executable. */
export const http: string = fileURLToPath(
  new URL('../../dist/bin/http-connector', import.meta.url),
);

export function webhookOn(port: number, settings: object = {}): ConnectorOptions {
  const all = { host: '127.0.0.1', port, ...settings };
  return { command: http, args: [], type: 'http-webhook', settings: all };
}

export function restTo(url: string): ConnectorOptions {
  const settings = { url, ssrf: { allowPrivate: true } };
  return { command: http, args: [], type: 'http-rest', settings };
}

/** The executable. */
const mqtt: string = fileURLToPath(new URL('../../dist/bin/mqtt-connector', import.meta.url));

/** Back soon, and soon aware of a broker that is silent. */
const eager = { keepaliveSeconds: 2, reconnect: { initialMs: 50, maxMs: 500 } };

export function subscribedTo(url: string, qos: number): ConnectorOptions {
  const settings = { brokers: [url], subscriptions: [{ filter: 'numbers', qos }], ...eager };
  return { command: mqtt, args: [], type: 'mqtt-subscribe', settings };
}

export function publishingTo(url: string, qos: number): ConnectorOptions {
  const settings = { brokers: [url], topic: 'numbers', qos, ...eager };
  return { command: mqtt, args: [], type: 'mqtt-publish', settings };
}

/** The same connector, with a proxy between it and its host. */
export function overNarrowLink(connector: ConnectorOptions): ConnectorOptions {
  const args = [...fromSource, programs.narrowLink, connector.command, ...connector.args];
  return { ...connector, command: process.execPath, args };
}
