import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { errorCodes } from '@vrsky/go-plugin';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { needs } from '../../../tools/testing/require-program.ts';
import { writeDocumentedFiles } from './support/documented.ts';
import { buildGoPrograms } from './support/go-program.ts';

const example = 'github.com/hashicorp/go-plugin/examples/grpc';
const run = promisify(execFile);

describe("the README's key-value store", () => {
  let folder: string;
  let remove: () => void;
  beforeAll(() => {
    ({ folder, remove } = writeDocumentedFiles('README.md'));
  });
  afterAll(() => remove());

  const host = (plugin: string, ...args: string[]): Promise<{ stdout: string }> =>
    run(process.execPath, ['--conditions=vrsky:source', 'host.ts', plugin, ...args], {
      cwd: folder,
    });

  it('keeps a value between two starts', async () => {
    await host('./plugin.ts', 'put', 'city', 'Kampala');
    expect((await host('./plugin.ts', 'get', 'city')).stdout).toBe('Kampala\n');
  });

  it('takes a plugin of 20 lines and a host of 20 lines', () => {
    for (const name of ['plugin.ts', 'host.ts']) {
      const code = readFileSync(join(folder, name), 'utf8');
      const lines = code.split('\n').filter((line) => line !== '' && !/^(?:\/\/|#)/.test(line));
      expect(lines.length).toBeLessThanOrEqual(20);
    }
  });

  describe.runIf(needs('go'))("with go-plugin's own example", () => {
    let go: ReturnType<typeof buildGoPrograms>;
    beforeAll(() => {
      go = buildGoPrograms(example, `${example}/plugin-go-grpc`);
    }, 300_000);
    afterAll(() => go?.remove());

    it('is loaded by the Go host', async () => {
      const [goHost = ''] = go.paths;
      const env = { ...process.env, KV_PLUGIN: 'exec ./plugin.ts', KV_PROTO: 'grpc' };
      await run(goHost, ['put', 'river', 'Nile'], { cwd: folder, env });
      const { stdout } = await run(goHost, ['get', 'river'], { cwd: folder, env });
      expect(stdout).toBe('Nile\n');
    });

    it('has a host that runs the Go plugin', async () => {
      const [, goPlugin = ''] = go.paths;
      await host(goPlugin, 'put', 'lake', 'Victoria');
      // What the example adds to each value.
      expect((await host(goPlugin, 'get', 'lake')).stdout).toMatch(/^Victoria\b.*plugin-go-grpc/s);
    });
  });
});

describe("the README's table of messages", () => {
  const readme = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8');

  it.each(errorCodes)('explains %s', (code) => {
    expect(readme).toMatch(new RegExp(`^\\| \`.*\\| .*\`${code}\``, 'm'));
  });
});
