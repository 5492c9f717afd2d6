import { loadIntegration } from '@vrsky/host';
import { type ConnectionNode, launchConnector } from '@vrsky/runtime/host';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { resolveSecrets } from '../src/config/secrets.ts';
import { Supervisor, TIMINGS } from '../src/supervise/supervisor.ts';
import { tempFolder } from './support/folder.ts';
import { scripted } from './support/integration.ts';
import { until } from './support/until.ts';

test('a connector is validated, then connected once, and disconnected at the end', async () => {
  const integration = await loadIntegration(scripted(tempFolder(), {}));
  const calls: string[] = [];
  let isConnected = false;
  const supervisor = new Supervisor({
    integration,
    connection: integration.incoming,
    resolved: resolveSecrets(integration, integration.incoming, {}),
    launch: async (options) => {
      const connector = await launchConnector(options);
      return { ...connector, node: noting(calls, connector.node) };
    },
    log: pino({ level: 'silent' }),
    onConnected: () => {
      isConnected = true;
    },
    onBroken: () => {},
    onCrashLoop: () => {},
    timings: { ...TIMINGS, healthEvery: 10 },
  });
  const running = supervisor.run();
  await until('it is looked after', () => isConnected && calls.at(-1) === 'health');
  await supervisor.stop(10_000, new AbortController().signal);
  await running;
  expect(calls.filter((call) => call !== 'health')).toEqual(['validate', 'connect', 'disconnect']);
});

/** The node itself, which notes the names of the calls. */
function noting(calls: string[], node: ConnectionNode): ConnectionNode {
  return new Proxy(node, {
    get(target, name: keyof ConnectionNode) {
      const method = target[name];
      if (typeof method !== 'function') return method;
      return (...args: never[]) => {
        calls.push(name);
        return Reflect.apply(method, target, args);
      };
    },
  });
}
