import { fileURLToPath } from 'node:url';
import { type ConnectionConfig, PluginError } from '@vrsky/runtime';
import { type ConnectionNode, launchConnector } from '@vrsky/runtime/host';
import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import { configOf } from './memory-host.ts';

const crash = new URL('../fixtures/crash-on-signal.ts', import.meta.url).href;
const runFromSource = ['--conditions=vrsky:source', '--disable-warning=ExperimentalWarning'];

/** One connector with a secret, and how to make it talk about it. */
export interface CanaryCase {
  /** Of the connector, below `connectors`. */
  readonly connector: string;
  readonly type: string;
  readonly settings: ConnectionConfig['settings'];
  readonly credentials: Readonly<Record<string, string>>;
  /** What else to do with it: it may fail. */
  readonly provoke?: (node: ConnectionNode) => Promise<unknown>;
}

/**
 * Drives a connector through all its calls, against servers that refuse it, and then lets it crash; its log is at trace.
 * Gives everything that came out of it.
 */
export async function everythingSaid(secret: string, given: CanaryCase): Promise<string> {
  const said: string[] = [];
  const tell = (what: unknown): void => void said.push(JSON.stringify(what));
  const { type, settings, credentials, provoke } = given;
  const timeout = Temporal.Duration.from({ seconds: 10 });
  const config = configOf(type, settings, { credentials, timeout });
  const main = new URL(`../../connectors/${given.connector}/src/main.ts`, import.meta.url);
  const connector = await launchConnector({
    command: process.execPath,
    args: [...runFromSource, `--import=${crash}`, fileURLToPath(main)],
    env: { VRSKY_LOG_LEVEL: 'trace', TESTING_SECRET: secret },
    log: pino({ level: 'trace' }, { write: (line: string) => void said.push(line) }),
    hostFunctions: {
      getSecret: async () => {
        throw new PluginError('NOT_FOUND', 'no such secret');
      },
      log: (level, text) => tell({ level, text }),
      recordMetric: (...metric) => tell(metric),
      getConfiguration: () => config,
    },
  });
  onTestFinished(() => connector.kill());
  const { node } = connector;
  const calls: (() => Promise<unknown> | undefined)[] = [
    () => node.validate(config),
    () => node.connect(config),
    () => node.send(messageOf('a')),
    () => node.send(messageOf('b')),
    () => provoke?.(node),
    () => node.health(),
  ];
  for (const call of calls) tell(await (async () => call())().catch(partsOf));
  process.kill(connector.pid, 'SIGUSR2');
  tell(await connector.exited);
  return said.join('\n');
}

function partsOf(thrown: unknown): unknown {
  const { code, rawMessage, message: text, reason, field } = PluginError.from(thrown);
  return { code, rawMessage, text, reason, field };
}

function messageOf(id: string) {
  const empty = { customerId: '', tenantId: '', integrationId: '', source: '', destination: '' };
  return {
    id,
    payload: Buffer.from('{}'),
    contentType: 'application/json',
    metadata: { ...empty, correlationId: '', traceId: '' },
    headers: {},
    timestamp: undefined,
  };
}
