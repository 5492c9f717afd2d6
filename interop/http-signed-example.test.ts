import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test, vi } from 'vitest';
import { slowly } from '../tools/testing/slowness.ts';

const readme = readFileSync(new URL('../connectors/http/README.md', import.meta.url), 'utf8');
const pathOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const runFromSource = ['--conditions=vrsky:source', '--disable-warning=ExperimentalWarning'];

function example(name: string): string {
  const [, text] =
    new RegExp(`<!-- example: ${name} -->\n\`\`\`\\w+\n(.*?)\`\`\``, 's').exec(readme) ?? [];
  if (!text) throw new Error(`the README has no example ${name}`);
  return text;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

/** Runs until the test ends; what it prints goes into `said`. */
function start(
  args: readonly string[],
  env: Record<string, string>,
  cwd: string,
): { said: () => string } {
  let text = '';
  const child: ChildProcess = spawn(process.execPath, args, {
    cwd,
    env: { ...process.env, ...env },
  });
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

test('signed outgoing, as the README has it: verified by whoever gets it, and nothing forged is', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'signed-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const [webhook, endpoint] = [await freePort(), await freePort()];
  const adapt = (text: string): string =>
    text
      .replaceAll('8080', String(webhook))
      .replaceAll('9090', String(endpoint))
      .replaceAll('plugin: dist/bin', `plugin: ${pathOf('../dist/bin')}`);
  for (const name of ['receiver.mjs', 'signed.yaml']) {
    writeFileSync(join(folder, name), adapt(example(name)));
  }
  const env = { VRSKY_SECRET_SIGNING: `whsec_${Buffer.alloc(32, 'hunter2').toString('base64')}` };
  const receiver = start(['receiver.mjs'], env, folder);
  const host = start(
    [...runFromSource, pathOf('../packages/host/src/main.ts'), 'run', 'signed.yaml'],
    env,
    folder,
  );

  const post = (port: number, headers: Record<string, string> = {}): Promise<number> =>
    fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body: '{"order": 1}', headers }).then(
      ({ status }) => status,
      () => 0,
    );
  const until = { timeout: slowly(15_000), interval: 50 };
  await vi.waitFor(async () => expect(await post(webhook), host.said()).toBe(202), until);
  await vi.waitFor(() => expect(receiver.said()).toBe('verified: {"order": 1}\n'), until);
  const now = String(Math.floor(Date.now() / 1000));
  const forged = { 'webhook-id': 'm-1', 'webhook-timestamp': now, 'webhook-signature': 'v1,AAAA' };
  expect(await post(endpoint, forged)).toBe(401);
  expect(await post(endpoint)).toBe(401);
  expect(host.said()).not.toContain('hunter2');
});
