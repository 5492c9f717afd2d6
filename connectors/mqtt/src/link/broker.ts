import { PluginError } from '@vrsky/runtime';

/** Where a broker is. */
export interface Broker {
  readonly secure: boolean;
  /** undefined: MQTT over TCP. */
  readonly websocket: string | undefined;
  readonly host: string;
  readonly port: number;
  /** For texts: `mqtts://broker.example:8883`. */
  readonly name: string;
}

const PORTS: Readonly<Record<string, number>> = {
  'mqtt:': 1883,
  'mqtts:': 8883,
  'ws:': 80,
  'wss:': 443,
};

/** @throws PluginError INVALID_CONFIG */
export function parseBrokers(brokers: readonly string[]): Broker[] {
  return brokers.map((text, i) => parseBroker(text, `settings.brokers[${i}]`));
}

function parseBroker(text: string, field: string): Broker {
  const url = URL.parse(text);
  const defaultPort = url && PORTS[url.protocol];
  if (!url || !defaultPort || !url.hostname) {
    const expected = 'expected a URL such as mqtts://broker.example:8883';
    throw new PluginError('INVALID_CONFIG', `${field}: ${expected}`, { field });
  }
  if (url.username || url.password) {
    const expected = 'expected no user name and password; they belong into the credentials';
    throw new PluginError('INVALID_CONFIG', `${field}: ${expected}`, { field });
  }
  const { protocol, hostname } = url;
  const port = Number(url.port) || defaultPort;
  const name = `${protocol}//${hostname}:${port}`;
  const secure = protocol === 'mqtts:' || protocol === 'wss:';
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  if (!protocol.startsWith('ws')) return { secure, websocket: undefined, host, port, name };
  const path = url.pathname === '/' || url.pathname === '' ? '/mqtt' : url.pathname;
  return { secure, websocket: `${name}${path}${url.search}`, host, port, name };
}
