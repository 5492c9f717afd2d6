import { parseUrlSetting } from '@vrsky/runtime/plugin';

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
const FORM = {
  schemes: ['mqtt', 'mqtts', 'ws', 'wss'],
  example: 'mqtts://broker.example:8883',
};

/** @throws PluginError INVALID_CONFIG */
export function parseBrokers(brokers: readonly string[]): Broker[] {
  return brokers.map((text, i) => parseBroker(text, `settings.brokers[${i}]`));
}

function parseBroker(text: string, field: string): Broker {
  const url = parseUrlSetting(text, field, FORM);
  const { protocol, hostname } = url;
  const port = Number(url.port) || (PORTS[protocol] ?? 0);
  const name = `${protocol}//${hostname}:${port}`;
  const secure = protocol === 'mqtts:' || protocol === 'wss:';
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  if (!protocol.startsWith('ws')) return { secure, websocket: undefined, host, port, name };
  const path = url.pathname === '/' || url.pathname === '' ? '/mqtt' : url.pathname;
  return { secure, websocket: `${name}${path}${url.search}`, host, port, name };
}
