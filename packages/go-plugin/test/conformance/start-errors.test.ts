import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, copyFile, readFile, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { GoPluginError } from '@vrsky/go-plugin';
import type { LaunchOptions } from '@vrsky/go-plugin/host';
import { beforeAll, describe, expect, it } from 'vitest';
import { slowly } from '../../../../tools/testing/slowness.ts';
import { processesWith, usePlugins } from '../support/plugins.ts';
import { hasGo, useGoPrograms } from './go.ts';

const program = useGoPrograms('./plugin', './explain');
const { start, script, tmp } = usePlugins();
const run = promisify(execFile);

/** What go-plugin itself says when it starts these executables. */
async function explain(paths: string[], ...flags: string[]): Promise<string[]> {
  const { stdout } = await run(program(1), [...flags, ...paths]);
  return (JSON.parse(stdout) as { error: string }[]).map(({ error }) => error);
}

async function startError(command: string, options: Partial<LaunchOptions> = {}) {
  const thrown = await start({ command, versions: [3], ...options }).catch(
    (error: unknown) => error,
  );
  expect(thrown).toMatchObject({ name: 'GoPluginError' });
  return thrown as GoPluginError;
}

/** Prints `line` and then lives until it is killed. */
const printing = (line: string): string => `#!/bin/sh\nprintf '%s\\n' '${line}'\nexec sleep 1000\n`;

/** Fields that are wrong in several ways show the order of the checks. */
const lines = [
  'hello',
  '',
  'a|b|c',
  'x|x|pipe|/a|netrpc',
  '99999999999999999999|3|unix|/a|grpc',
  '2|x|pipe|/a|netrpc',
  '1|x|pipe|/a|netrpc',
  '1||unix|/a|grpc',
  '1|9|pipe|/a|netrpc',
  '1|3|pipe|/a|netrpc|=',
  '1|3|unix|/a',
  '1|3|unix|/a|',
  `1|3|unix|/a|netrpc|${'='.repeat(60)}`,
  `1|3|unix|/a|grpc|${'A'.repeat(60)}=`,
  `1|3|unix|/a|grpc|${'A'.repeat(30)}-${'A'.repeat(30)}`,
  `1|3|unix|/a|grpc|${'A'.repeat(61)}`,
];

describe.runIf(hasGo)('a plugin that cannot be started, in the words of go-plugin', () => {
  const told = new Map<string, { command: string; text: string }>();
  beforeAll(async () => {
    const commands = await Promise.all(lines.map((line) => script(printing(line))));
    const texts = await explain(commands);
    lines.forEach((line, index) => {
      told.set(line, { command: commands[index] ?? '', text: texts[index] ?? '' });
    });
  });

  it.each(lines)('66: because it prints %j', async (line) => {
    const { command, text } = told.get(line) ?? { command: '', text: '' };
    expectSameStart((await startError(command)).message, text);
  });

  it('66: because its certificate is none', async () => {
    const command = await script(printing(`1|3|unix|/a|grpc|${'A'.repeat(60)}`));
    const [text = ''] = await explain([command]);
    // What follows comes from the library that reads certificates.
    const [prefix = ''] = /^error parsing server cert: /.exec(text) ?? [text];
    expectSameStart((await startError(command)).message, prefix);
  });

  it('66: because it prints nothing in time', async () => {
    const command = await script('#!/bin/sh\nexec sleep 1000\n');
    const [text = ''] = await explain([command], '-timeout', '200ms');
    const { code, message } = await startError(command, { startTimeoutMs: 200 });
    expect(code).toBe('START_TIMEOUT');
    expectSameStart(message, text);
  });

  it('66: because it closes its stdout', async () => {
    const command = await script('#!/bin/sh\nexec 1>&-\nexec sleep 1000\n');
    const [text = ''] = await explain([command]);
    expectSameStart((await startError(command)).message, text);
  });

  it('66: because it is a program of another kind, with the architecture that it is for', async () => {
    const [text = ''] = await explain(['/bin/pwd']);
    expect(text).toContain('ELF architecture: ');
    expectSameStart((await startError('/bin/pwd')).message, text);
  });

  it('66: because it exits, which go-plugin says in two ways', async () => {
    const command = await script('#!/bin/sh\nexit 3\n');
    const exited = 'plugin exited before we could connect';
    const [text = ''] = await explain([command]);
    expect(text).toMatch(/^(?:plugin exited before we could connect$|Unrecognized remote plugin)/);
    expectSameStart((await startError(command)).message, exited);
  });
});

/** go-plugin's text comes first, then what to do. Of the notes on the file, ours do without the names of users and groups. */
function expectSameStart(ours: string, theirs: string): void {
  const [theirStart = ''] = theirs.split(/(?<=\n {2}Path: .*\n)/);
  expect(ours.slice(0, theirStart.length)).toBe(theirStart);
  for (const [note] of theirs.matchAll(/^ {2}(?:Mode: .*|Owner: \d+|Group: \d+|ELF .*)$/gm))
    expect(ours).toContain(note);
  const saysWhatToDo =
    theirs.includes('To fix this, ') || ours.slice(theirStart.length).includes('\n');
  expect(saysWhatToDo).toBe(true);
}

describe('a plugin that does not start', () => {
  it('67: in time is killed, also when it ignores signals', async () => {
    const began = performance.now();
    const command = await script("#!/bin/sh\ntrap '' TERM INT HUP\nwhile :; do sleep 0.1; done\n");
    const { code } = await startError(command, { startTimeoutMs: 300 });
    expect(code).toBe('START_TIMEOUT');
    expect(performance.now() - began).toBeLessThan(slowly(2_000));
    await expect.poll(() => processesWith(`TMPDIR=${tmp()}`), { timeout: 1_000 }).toEqual([]);
  });

  it('68: since it is missing, is named in the error', async () => {
    for (const command of ['/nowhere/plugin', 'no-such-plugin-in-path']) {
      const { code, message } = await startError(command);
      expect(code).toBe('EXECUTABLE_NOT_FOUND');
      expect(message).toMatch(new RegExp(`^plugin executable not found: ${command}\\n.`));
    }
  });

  it('68: since it is not executable, is named in the error', async () => {
    const command = await script('#!/bin/sh\n');
    await chmod(command, 0o644);
    const { code, message } = await startError(command);
    expect(code).toBe('EXECUTABLE_NOT_ALLOWED');
    expect(message).toMatch(
      new RegExp(`^plugin is not executable by this process: ${command}: .*\n.`),
    );
  });
});

describe.runIf(hasGo)('the handshake line of a Go plugin', () => {
  it.each([
    ['a carriage return', '', '\r'],
    ['spaces and tabs around it', ' \t', ' \t \r'],
    ['a multiplexing field that nobody asked for', '', '|true'],
    ['more fields than are known', '', '|false|x|||y'],
    ['more fields, then spaces', '', '|true|x  '],
  ])('83: may have %s', async (_what, prefix, suffix) => {
    const args = ['-line-prefix', prefix, '-line-suffix', suffix];
    for (const autoMtls of [true, false]) {
      const { plugin, testing } = await start({ command: program(), args, autoMtls });
      expect(plugin.negotiatedVersion).toBe(3);
      expect(await testing.echo({ text: 'hi' })).toMatchObject({ text: 'hi' });
    }
  });
});

describe.runIf(hasGo)('the checksum of a plugin', () => {
  it('89: lets the expected file run', async () => {
    const digest = createHash('sha256')
      .update(await readFile(program()))
      .digest('hex');
    for (const sha256 of [digest, digest.toUpperCase()]) {
      const { testing } = await start({ command: program(), sha256 });
      expect(await testing.echo({ text: 'trusted' })).toMatchObject({ text: 'trusted' });
    }
    expect(await explain([program()], '-secure', '-sha256', digest)).toEqual(['']);
  });

  it.each([
    ['of another file', '0'.repeat(64)],
    ['that is empty', ''],
    ['that is too short', 'ab'],
  ])('89: %s is refused in the words of go-plugin, and nothing runs', async (_what, sha256) => {
    const command = await script('#!/bin/sh\n: > "$0.ran"\n');
    const [text = ''] = await explain([command], '-secure', '-sha256', sha256);
    const { code, message } = await startError(command, { sha256 });
    expect(code).toBe('CHECKSUM_MISMATCH');
    expectSameStart(message, text);
    await expect(readFile(`${command}.ran`)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('89: refuses a file that was changed', async () => {
    const command = await script('');
    await copyFile(program(), command);
    const sha256 = createHash('sha256')
      .update(await readFile(command))
      .digest('hex');
    await writeFile(command, 'x', { flag: 'a' });
    expect(await startError(command, { sha256 })).toMatchObject({ code: 'CHECKSUM_MISMATCH' });
  });
});
