import { fileURLToPath } from 'node:url';
import { PluginError } from '@vrsky/runtime';
import { excerpt } from '@vrsky/runtime/plugin';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { findCanary } from '../../../tools/testing/canary.ts';
import { secrets } from '../src/plugin/secrets.ts';
import { configOf, launchMemory, messageOf, routeEnv, runFromSource } from './fixtures/launch.ts';

const leakyConnector = fileURLToPath(new URL('./fixtures/leaky-connector.ts', import.meta.url));

test.each(['canary-"quoted"/+-7Qx9zK2m', 'canary-first-7Qx9zK2m\ncanary-second-3Vb8wR5t'])(
  'whatever a connector does with a password, nothing of it leaves the process: %j',
  async (password) => {
    const outputs: string[] = [];
    const collect = (what: unknown): void => void outputs.push(JSON.stringify(what));
    const { node, exited } = await launchMemory({
      args: [...runFromSource, leakyConnector],
      env: { ...routeEnv, VRSKY_LOG_LEVEL: 'trace' },
      log: pino({ level: 'trace' }, { write: (line: string) => void outputs.push(line) }),
      hostFunctions: {
        getSecret: async () => password,
        log: (level, message) => collect({ level, message }),
        recordMetric: (...metric) => collect(metric),
        getConfiguration: () => configOf('leaky-out'),
      },
    });
    const credentials = { username: 'someone', password };
    const config = configOf('leaky-out', {}, { credentials });
    collect(await node.validate(config));
    await node.connect(config);
    collect(await node.health());
    collect(await node.send(messageOf('receipt')));
    const failures = await Promise.all(
      ['fail', 'throw', 'crash'].map((how) => node.send(messageOf(how)).catch((error) => error)),
    );
    for (const failure of failures) {
      expect(failure).toBeInstanceOf(PluginError);
      const { message, code, reason, field } = failure as PluginError;
      collect({ message, code, reason, field });
    }
    collect(await exited);
    const all = outputs.join('\n');
    // Everything has arrived: the log at trace, prints, the warning, the crash.
    for (const sign of ['traced', 'printed', 'Warning', 'panic: ', 'metric_', 'the server said']) {
      expect(all.includes(sign), sign).toBe(true);
    }
    for (const line of password.split('\n')) expect(findCanary(all, line)).toBeUndefined();
  },
);

test('an excerpt is one line without secrets, which are cut out before it is shortened', () => {
  secrets.add('canary-of-the-excerpt');
  expect(excerpt('530 wrong\r\n password canary-of-the-excerpt\n', 300)).toBe(
    '530 wrong  password [redacted]',
  );
  expect(excerpt('1234567 canary-of-the-excerpt', 12)).toBe('1234567 [re…');
  expect(excerpt(`${'a'.repeat(10)}😀`, 11)).toBe(`${'a'.repeat(10)}…`);
});
