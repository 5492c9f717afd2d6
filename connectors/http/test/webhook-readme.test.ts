import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { needs } from '../../../tools/testing/require-program.ts';
import { freePort } from './support/process.ts';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const pathOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const fromSource = ['--conditions=vrsky:source', '--disable-warning=ExperimentalWarning'];
const until = { timeout: 60_000, interval: 50 };

function example(name: string): string {
  const code = new RegExp(`<!-- example: ${name} -->\n\`\`\`\\w+\n(.*?)\`\`\``, 's').exec(
    readme,
  )?.[1];
  if (!code) throw new Error(`the README has no example ${name}`);
  return code;
}

/** Runs until the test ends; what it prints goes into `said`. */
function start(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  cwd: string,
): { said: () => string } {
  let text = '';
  const child: ChildProcess = spawn(process.execPath, args, { cwd, env });
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
  }
  onTestFinished(async () => {
    child.kill('SIGTERM');
    if (child.exitCode === null) await once(child, 'exit');
  });
  return { said: () => text };
}

describe.runIf(needs('curl') && needs('openssl'))('the examples of the README', () => {
  test.each([
    ['github', '202', 'delivery-1: {"zen": "Keep it logically awesome."}\n'],
    ['stripe', '200', 'evt_1: {"id": "evt_1", "object": "event", "type": "invoice.paid"}\n'],
  ])(
    '%s: a signed webhook arrives once, a forged one does not',
    async (name, status, printed) => {
      const folder = mkdtempSync(join(tmpdir(), 'readme-'));
      onTestFinished(() => rmSync(folder, { recursive: true }));
      const [webhook, endpoint] = [await freePort(), await freePort()];
      const adapt = (text: string): string =>
        text
          .replaceAll('8080', String(webhook))
          .replaceAll('9090', String(endpoint))
          // The connector from its source, so that no executable has to be built for this test.
          .replaceAll(
            'plugin: dist/bin/http-connector',
            `plugin: ${process.execPath}\n  args: ${JSON.stringify([...fromSource, pathOf('../src/main.ts')])}`,
          );
      for (const file of ['printer.mjs', `${name}.yaml`, `${name}.sh`]) {
        writeFileSync(join(folder, file), adapt(example(file)));
      }
      const secret = `VRSKY_SECRET_${name.toUpperCase()}`;
      const env = { ...process.env, [secret]: 'whsec_of the example' };
      const printer = start(['printer.mjs'], env, folder);
      const host = pathOf('../../../packages/host/src/main.ts');
      const { said } = start([...fromSource, host, 'run', `${name}.yaml`], env, folder);
      const send = async (more: NodeJS.ProcessEnv = {}): Promise<string> => {
        const options = { cwd: folder, env: { ...env, ...more } };
        const run = promisify(execFile)('bash', [`${name}.sh`], options);
        return (await run.catch(({ stdout }: { stdout: string }) => ({ stdout }))).stdout.trim();
      };

      await vi.waitFor(async () => expect(await send(), said()).toBe(status), until);
      await vi.waitFor(() => expect(printer.said(), said()).toBe(printed), until);
      expect(await send()).toBe('200');
      expect(await send({ [secret]: 'another' })).toBe('401');
      expect(printer.said()).toBe(printed);
    },
    120_000,
  );
});
