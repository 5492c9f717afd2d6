import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { slowly } from '../../../tools/testing/slowness.ts';
import { memoryConnector, runFromSource } from './fixtures/launch.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vrsky-command-line-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function run(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [...runFromSource, memoryConnector, ...args], {
    encoding: 'utf8',
    timeout: slowly(10_000),
  });
}

function file(content: string): string {
  const path = join(folder, 'connection.yaml');
  writeFileSync(path, content);
  return path;
}

test('started by hand without a command it says that it is a plugin, and exits with 1', () => {
  const { status, stdout, stderr } = run();
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  expect(stderr).toBe(
    'This binary is a plugin. These are not meant to be executed directly.\n' +
      'Please execute the program that consumes these plugins, which will\n' +
      'load any plugins automatically\n',
  );
});

test('--version prints the version alone', () => {
  expect(run('--version')).toMatchObject({ status: 0, stdout: '1.2.3\n' });
});

test('--licenses, not run as an executable, says where the licences are', () => {
  const { status, stdout } = run('--licenses');
  expect(status).toBe(0);
  expect(stdout).toMatch(/^memory-connector runs from its packages here: .* node_modules\.\n/);
});

test('--help names every command', () => {
  const { status, stdout } = run('--help');
  expect(status).toBe(0);
  for (const command of [
    '--help',
    '--version',
    '--licenses',
    'metadata',
    'schema',
    'validate FILE',
  ]) {
    expect(stdout).toContain(`memory-connector ${command}`);
  }
});

test('metadata and schema are JSON', () => {
  expect(JSON.parse(run('metadata').stdout)).toMatchObject({ id: 'memory', protocolVersion: 1 });
  expect(JSON.parse(run('schema').stdout)).toMatchObject({ anyOf: [{}, {}] });
});

test('an unknown command is a usage error', () => {
  const { status, stderr } = run('mettadata');
  expect(status).toBe(2);
  expect(stderr).toContain('Cannot understand "mettadata"');
});

describe('validate FILE', () => {
  test('prints the warnings of a valid connection', () => {
    const path = file('type: memory-in\nsettings: { messages: [a] }\n');
    expect(run('validate', path)).toMatchObject({
      status: 0,
      stdout: `warning: memory is forgetful\n${path}: valid\n`,
    });
  });

  test.each([
    ['type: memory-in\nsettings: { mesages: [a] }', 'did you mean "messages"?'],
    ['type: memory-inn', 'did you mean "memory-in"?'],
    ['tpye: memory-in', 'tpye: is not known; did you mean "type"?'],
    ['type: [', 'cannot be read as YAML or JSON'],
  ])('says what is wrong with %j, without a stack trace', (content, text) => {
    const { status, stderr } = run('validate', file(content));
    expect(status).toBe(1);
    expect(stderr).toContain('INVALID_CONFIG');
    expect(stderr).toContain(text);
    expect(stderr).not.toContain('    at ');
  });

  test('says that a file is missing', () => {
    const { status, stderr } = run('validate', join(folder, 'none.yaml'));
    expect(status).toBe(1);
    expect(stderr).toContain('no such file');
  });
});
