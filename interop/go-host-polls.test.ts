import { type ChildProcess, spawn } from 'node:child_process';
import { Agent, request } from 'node:http';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { needs } from '../tools/testing/require-program.ts';
import { buildGoProgram } from './support/go-program.ts';

const executable = fileURLToPath(new URL('../dist/bin/http-connector', import.meta.url));
const COUNT = process.env['VRSKY_HOT_PATH'] === 'off' ? 500 : 2500;
const SENDERS = 48;

// By plain Receives without acknowledgement 5 to 20 % of these were lost.
describe.runIf(needs('go'))('a Go host whose Receives end within 3 ms', () => {
  let host: ReturnType<typeof buildGoProgram>;
  beforeAll(() => {
    host = buildGoProgram('./interop/poll');
  }, 300_000);
  afterAll(() => host?.remove());

  test.each([
    ['by deadlines', ['-deadlines', '3ms']],
    ['by cancellations', ['-cancels', '3ms']],
    ['by both, with three at a time', ['-deadlines', '3ms', '-cancels', '3ms', '-workers', '3']],
  ])(
    '%s gets every webhook that was answered 202',
    async (_, flags) => {
      const settings = { host: '127.0.0.1', port: 0 };
      const config = JSON.stringify({ type: 'http-webhook', settings });
      const args = [...flags, '-count', String(COUNT), config, executable];
      const { line, child } = start(host.path, args);
      const { details } = await line();
      await postAll(Number((details as Record<string, string>)['port']), child);
      const { received, distinct } = await line();
      expect(distinct).toBe(COUNT);
      // Twice is allowed where the answer to an ack was lost, and rare.
      expect(received).toBeLessThanOrEqual(COUNT * 1.01);
    },
    240_000,
  );
});

type Line = Record<string, unknown>;

/** Runs until the test ends; `line` resolves to the next line that it prints. */
function start(path: string, args: string[]): { line: () => Promise<Line>; child: ChildProcess } {
  const child = spawn(path, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  onTestFinished(async () => {
    child.kill('SIGTERM');
    await exited;
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  return {
    child,
    line: async () => {
      const { value, done } = await lines.next();
      if (done) throw new Error(`the host has ended: ${log}`);
      return JSON.parse(value) as Line;
    },
  };
}

/** Posts each message until it is answered 202, as senders of webhooks do. */
async function postAll(port: number, host: ChildProcess): Promise<void> {
  const agent = new Agent({ keepAlive: true });
  onTestFinished(() => agent.destroy());
  let next = 0;
  const send = async (): Promise<void> => {
    while (next < COUNT) {
      const body = `message ${next++}`;
      while ((await post(port, agent, body).catch(() => 'failed')) !== 202) {
        if (host.exitCode !== null) throw new Error('the host has ended before all was posted');
      }
    }
  };
  await Promise.all(Array.from({ length: SENDERS }, send));
}

function post(port: number, agent: Agent, body: string): Promise<number | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
  const options = { host: '127.0.0.1', port, path: '/webhooks/orders', method: 'POST', agent };
  const call = request(options, (answer) => {
    answer.resume().once('end', () => resolve(answer.statusCode));
  });
  call.once('error', reject).end(body);
  return promise;
}
