import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { writeDocumentedFiles } from './support/documented.ts';

const run = promisify(execFile);
const fromSources = '--conditions=vrsky:source';

describe('the provider of the documentation', () => {
  let folder: string;
  let remove: () => void;
  beforeAll(() => {
    ({ folder, remove } = writeDocumentedFiles('docs/provider.md'));
  });
  afterAll(() => remove());
  beforeEach(() => writeConfig({ path: 'greeting.txt', content: 'hello' }));
  afterEach(() => {
    for (const name of ['greeting.txt', 'config.json.state', 'tool.lock.json']) {
      rmSync(join(folder, name), { force: true });
    }
  });

  const writeConfig = (attributes: Record<string, string>): void =>
    writeFileSync(
      join(folder, 'config.json'),
      JSON.stringify({ provider: 'files', type: 'file', attributes }),
    );
  const tool = (action: string, env: Record<string, string> = {}): Promise<{ stdout: string }> =>
    run(process.execPath, [fromSources, 'tool.ts', action, 'config.json'], {
      cwd: folder,
      env: { ...process.env, ...env },
    });

  it('plans, applies, and has nothing to do then', async () => {
    expect((await tool('plan')).stdout).toBe('create greeting.txt\n');
    await tool('apply');
    expect(readFileSync(join(folder, 'greeting.txt'), 'utf8')).toBe('hello');
    expect((await tool('plan')).stdout).toBe('');

    writeConfig({ path: 'greeting.txt', content: 'good evening' });
    expect((await tool('apply')).stdout).toBe('change content of greeting.txt\n');
    expect(readFileSync(join(folder, 'greeting.txt'), 'utf8')).toBe('good evening');
  });

  it('tells all mistakes, each with its place', async () => {
    writeConfig({ path: '', mode: '0600' });
    await expect(tool('apply')).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining(
        'config.json: mode: a file has no such attribute\n' +
          'config.json: path: it must not be empty\n',
      ),
    });
  });

  it('is refused when its file is not the pinned one', async () => {
    await tool('plan');
    appendFileSync(join(folder, 'tool-provider-files.ts'), '// changed\n');
    await expect(tool('plan')).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^checksums did not match\n/),
    });
  });

  it('can run under a debugger, and outlives the tool then', async () => {
    const provider = spawn(process.execPath, [fromSources, 'tool-provider-files.ts', '--debug'], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(provider.stdout, 'data')) as [Buffer];
    const [, config = ''] = /^TOOL_REATTACH_PROVIDERS='(.*)'\n$/.exec(line.toString()) ?? [];
    for (let runs = 0; runs < 2; runs++) {
      const { stdout } = await tool('plan', { TOOL_REATTACH_PROVIDERS: config });
      expect(stdout).toBe('create greeting.txt\n');
    }
    expect(await endOf(provider)).toEqual([0, null]);
  });
});

async function endOf(child: ChildProcess): Promise<unknown[]> {
  const exit = once(child, 'exit');
  child.kill('SIGINT');
  return exit;
}
