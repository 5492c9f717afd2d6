import { execFile } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { freePort, isRoot } from '../tools/testing/file-server.ts';
import { startMosquitto } from '../tools/testing/mosquitto.ts';
import { credentials, sftpLines, startProftpd } from '../tools/testing/proftpd.ts';
import { needs } from '../tools/testing/require-program.ts';
import { buildGoProgram } from './support/go-program.ts';

const customers = ['customer-1', 'customer-2'] as const;
const localhost = '127.0.0.1';

/** What Go has as ConnectionConfig. */
interface Connection {
  readonly id: string;
  readonly type: string;
  readonly settings: object;
  readonly credentials?: object;
}

// The two customers use the same outside system at the same time.
describe.runIf(needs('go'))(
  'a Go host makes all calls of the specification for two customers',
  () => {
    let host: ReturnType<typeof buildGoProgram>;
    beforeAll(() => {
      host = buildGoProgram('./interop/host');
    }, 300_000);
    afterAll(() => host?.remove());

    test('with http-connector', { timeout: 240_000 }, async () => {
      const ports = [await freePort(), await freePort()];
      await makeAllCalls('http-connector', (customer, i) => ({
        in: {
          id: `${customer}-in`,
          type: 'http-webhook',
          // The sender, which is the other connection, is answered before its message is received.
          settings: { host: localhost, port: ports[i], ackMode: 'received' },
        },
        out: {
          id: `${customer}-out`,
          type: 'http-rest',
          settings: { url: `http://${localhost}:${ports[i]}/in`, ssrf: { allowPrivate: true } },
        },
      }));
    });

    test.runIf(needs('mosquitto'))('with mqtt-connector', { timeout: 240_000 }, async () => {
      const broker = await startMosquitto();
      onTestFinished(() => broker.remove());
      const brokers = [broker.url];
      await makeAllCalls('mqtt-connector', (customer) => ({
        in: {
          id: `${customer}-in`,
          type: 'mqtt-subscribe',
          settings: { brokers, subscriptions: [{ filter: `${customer}/#`, qos: 1 }] },
        },
        out: {
          id: `${customer}-out`,
          type: 'mqtt-publish',
          settings: { brokers, topic: `${customer}/orders`, qos: 1 },
        },
      }));
    });

    describe.runIf(needs('proftpd'))('with ftp-connector', () => {
      test.each(['ftp', 'sftp'] as const)('by %s', { timeout: 240_000 }, async (type) => {
        const server = await startProftpd((write) => (type === 'sftp' ? sftpLines(write) : []));
        onTestFinished(async () => {
          await server.stop();
          server.remove();
        });
        await makeAllCalls('ftp-connector', (customer) => {
          const folder = join(server.drop, customer);
          mkdirSync(folder);
          chmodSync(folder, 0o755);
          const { uid, gid } = statSync(server.drop);
          if (isRoot) chownSync(folder, uid, gid);
          const place = {
            host: localhost,
            port: server.port,
            directory: `/drop/${customer}`,
            ...(type === 'sftp' && { allowAnyHostKey: true }),
          };
          const quick = { pollIntervalMs: 100, stability: { checks: 0 } };
          return {
            in: {
              id: `${customer}-in`,
              type,
              credentials,
              settings: { direction: 'incoming', ...place, ...quick },
            },
            out: {
              id: `${customer}-out`,
              type,
              credentials,
              settings: { direction: 'outgoing', ...place },
            },
          };
        });
      });
    });

    async function makeAllCalls(
      connector: string,
      routeOf: (customer: string, i: number) => { in: Connection; out: Connection },
    ): Promise<void> {
      const plan = Object.fromEntries(customers.map((name, i) => [name, routeOf(name, i)]));
      const executable = fileURLToPath(new URL(`../dist/bin/${connector}`, import.meta.url));
      const checks = await run(['-mtls', '-customers', JSON.stringify(plan), executable]);
      expect(checks.filter(({ ok }) => !ok)).toEqual([]);
      // A sample, so that a scenario cut short does not pass.
      const each = customers.flatMap((name) => [
        `${name}-in-metadata`,
        `${name}-in-validate`,
        `${name}-in-connect`,
        `${name}-in-health`,
        `${name}-out-send-foreign`,
        `${name}-out-send`,
        `${name}-in-receive`,
        `${name}-in-receive-no-other`,
        `${name}-in-after-disconnect`,
        `${name}-out-kill`,
      ]);
      expect(checks.map(({ check }) => check)).toEqual(expect.arrayContaining(each));
    }

    function run(args: string[]): Promise<{ check: string; ok: boolean; detail: string }[]> {
      const { promise, resolve } = Promise.withResolvers<{ stdout: string; error: unknown }>();
      execFile(host.path, args, (error, stdout) => resolve({ stdout, error }));
      return promise.then(({ stdout, error }) => {
        const lines = stdout.split('\n').filter((line) => line.startsWith('{"check"'));
        if (lines.length === 0) throw error;
        return lines.map((line) => JSON.parse(line));
      });
    }
  },
);
