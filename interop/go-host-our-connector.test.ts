import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { needs } from '../tools/testing/require-program.ts';
import { buildGoProgram } from './support/go-program.ts';

const executable = fileURLToPath(new URL('../dist/bin/http-connector', import.meta.url));
const asking = fileURLToPath(new URL('fixtures/asking-connector.ts', import.meta.url));
const hostFunctions = 'GetSecret,Log,RecordMetric,GetConfiguration,GetState,PutState';

/** Half a minute at most, and four times that on a slow machine. */
const SCENARIO_MS = 120_000;

describe.runIf(needs('go'))('a Go host on the newest go-plugin', () => {
  let goHost: ReturnType<typeof buildGoProgram>;
  beforeAll(() => {
    goHost = buildGoProgram('./interop/host');
  }, 300_000);
  afterAll(() => goHost?.remove());

  describe.each([
    ['with AutoMTLS', ['-mtls']],
    ['without TLS', []],
  ])('%s', { timeout: SCENARIO_MS }, (_, flags) => {
    test('runs the built executable through everything that a control plane does', () => {
      const { checks, failed } = runScenario([...flags, executable]);
      expect(failed).toEqual([]);
      // A sample, so that a scenario cut short does not pass.
      expect(checks).toEqual(
        expect.arrayContaining([
          'metadata',
          'validate',
          'connect',
          'health',
          'receive',
          'send',
          'disconnect',
          'typed-error',
          'receive-deadline',
          'receive-cancel',
          'receive-explicit',
          'nack-offered-again',
          'receive-stream',
          'receive-stream-credit',
          'receive-stream-unknown',
          'receive-stream-half-close',
          'receive-stream-break',
          'receive-stream-much-credit',
          'disconnect-ends-stream',
          'send-stream',
          'send-stream-400',
          'send-stream-deadline',
          'send-stream-break',
          'send-stream-too-large',
          'send-stream-repeated-seq',
          'webhook-kill',
          'rest-no-process-left',
          'no-socket-left',
        ]),
      );
    });

    test('serves every host function to a connector of ours', () => {
      const node = [process.execPath, '--conditions=vrsky:source', asking];
      const { checks, failed } = runScenario([...flags, '-expect-calls', hostFunctions, ...node]);
      expect(failed).toEqual([]);
      expect(checks).toEqual(
        expect.arrayContaining(hostFunctions.split(',').map((name) => `host-${name}`)),
      );
    });
  });

  function runScenario(args: string[]): { checks: string[]; failed: object[] } {
    const options = { encoding: 'utf8', timeout: SCENARIO_MS } as const;
    const { stdout, stderr, status } = spawnSync(goHost.path, args, options);
    const lines = stdout
      .split('\n')
      .filter((line) => line.startsWith('{"check"'))
      .map((line) => JSON.parse(line) as { check: string; ok: boolean; detail: string });
    const failed: object[] = lines.filter(({ ok }) => !ok);
    if (status !== 0 && failed.length === 0) failed.push({ status, stderr });
    return { checks: lines.map(({ check }) => check), failed };
  }
});
