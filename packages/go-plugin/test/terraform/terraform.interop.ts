import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { writeDocumentedFiles } from '../support/documented.ts';
import { processesWith } from '../support/plugins.ts';
import { buildTerraform } from './build.ts';

const variables = 'large.auto.tfvars.json';
const mark = `TERRAFORM_TEST=${crypto.randomUUID()}`;
const [markName = '', markValue = ''] = mark.split('=');

async function nothingRuns(): Promise<void> {
  await expect.poll(() => processesWith(mark)).toEqual([]);
}

describe('60: Terraform, with the provider of the documentation', { timeout: 120_000 }, () => {
  let folder: string;
  let remove: () => void;
  let executable: string;
  beforeAll(() => {
    const terraform = buildTerraform();
    ({ executable } = terraform);
    ({ folder, remove } = writeDocumentedFiles('docs/terraform.md', [terraform.proto]));
    symlinkSync('main.ts', join(folder, 'terraform-provider-notes'));
    const settings = join(folder, 'dev.tfrc');
    writeFileSync(settings, readFileSync(settings, 'utf8').replace('/home/me/notes', folder));
  }, 3_600_000);
  afterEach(async () => {
    rmSync(join(folder, variables), { force: true });
    await nothingRuns();
  });
  afterAll(() => remove());

  const terraform = async (args: string[], more: Record<string, string> = {}): Promise<string> => {
    const env = {
      ...process.env,
      CHECKPOINT_DISABLE: '1',
      TF_CLI_CONFIG_FILE: join(folder, 'dev.tfrc'),
      [markName]: markValue,
      ...more,
    };
    const { stdout } = await promisify(execFile)(executable, args, {
      cwd: folder,
      env,
      maxBuffer: 2 ** 26,
    });
    return stdout;
  };
  const apply = (...args: string[]): Promise<string> =>
    terraform(['apply', '-auto-approve', '-no-color', ...args]);

  it('loads it and shows its schema', async () => {
    const { provider_schemas: schemas } = JSON.parse(
      await terraform(['providers', 'schema', '-json']),
    );
    const { resource_schemas: resources } = schemas['registry.terraform.io/example/notes'];
    expect(resources.notes_note.block.attributes).toEqual({
      text: { type: 'string', description_kind: 'plain', required: true },
    });
  });

  it('applies, sees drift of nothing, changes and destroys', async () => {
    expect(await apply()).toContain('Resources: 1 added, 0 changed, 0 destroyed.');
    expect(await apply()).toContain('Resources: 0 added, 0 changed, 0 destroyed.');
    expect(await apply('-var', 'text=changed')).toContain('0 added, 1 changed, 0 destroyed.');
    expect(await terraform(['show', '-no-color'])).toContain('text = "changed"');
    expect(await apply('-destroy')).toContain('0 added, 0 changed, 1 destroyed.');
  });

  it('takes attributes above 4 MiB', async () => {
    writeFileSync(join(folder, variables), JSON.stringify({ text: 'x'.repeat(5e6) }));
    expect(await terraform(['plan', '-no-color'])).toContain('1 to add');
  });

  it('attaches to one that runs already', async () => {
    const provider = spawn(process.execPath, ['--conditions=vrsky:source', 'main.ts', '--debug'], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void provider.kill('SIGKILL'));
    const [line] = (await once(createInterface(provider.stdout), 'line')) as [string];
    const more = { TF_REATTACH_PROVIDERS: line };
    expect(await terraform(['plan', '-no-color'], more)).toContain('1 to add');
    provider.kill('SIGINT');
    expect(await once(provider, 'exit')).toEqual([0, null]);
  });
});
