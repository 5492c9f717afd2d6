import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:http2';
import { connect as connectTo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Artifacts, buildArtifacts } from '../src/artifacts.ts';
import { type Bundle, bundle } from '../src/bundle.ts';
import { writeChecksums } from '../src/checksums.ts';
import { ownTarget } from '../src/target.ts';

const folder = mkdtempSync(join(tmpdir(), 'executable-'));
const secret = join(folder, 'secret');
const children: ChildProcess[] = [];
let program: Bundle;
let built: Artifacts;
let starts = 0;

const build = (bin = 'bin', work = 'build') =>
  buildArtifacts(program, ownTarget(), join(folder, bin, 'program'), join(folder, work));

beforeAll(async () => {
  writeFileSync(secret, 'content');
  program = await bundle(join(import.meta.dirname, 'fixtures/program.ts'));
  built = build();
});

afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode === null && child.kill('SIGKILL')) await once(child, 'exit');
  }
});

afterAll(() => rmSync(folder, { recursive: true }));

/** Starts the executable, and answers what it reports of itself after it has given up the files. */
async function start(env: Record<string, string> = {}) {
  const socket = join(folder, `socket${(starts += 1)}`);
  const child = spawn(built.executable.file, [socket, secret], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  const complaints = text(child.stderr);
  const { value } = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next();
  expect(value, 'one line of report').toBeTypeOf('string');
  return {
    child,
    socket,
    complaints,
    report: JSON.parse(value as string) as Record<string, unknown>,
  };
}

test('reads files until they are given up, and neither files nor programs after it', async () => {
  const { report } = await start();
  expect(report).toMatchObject({
    before: 'content',
    read: 'ERR_ACCESS_DENIED',
    write: 'ERR_ACCESS_DENIED',
    spawn: 'ERR_ACCESS_DENIED',
    sqlite: 'absent',
  });
  expect(readFileSync(secret, 'utf8')).toBe('content');
});

test('goes on serving HTTP/2 on its unix socket, and removes that at its end', async () => {
  const { child, socket, complaints } = await start();
  const client = connect('http://localhost', { createConnection: () => connectTo(socket) });
  const request = client.request({ ':method': 'POST' });
  request.end('echo');
  expect(await text(request)).toBe('echo');
  client.close();

  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
  expect(existsSync(socket)).toBe(false);
  expect(await complaints).toBe('');
});

test('takes nothing from NODE_OPTIONS', async () => {
  const options = '--allow-child-process --experimental-sqlite --title=changed';
  const { report } = await start({ NODE_OPTIONS: options });
  expect(report).toMatchObject({
    spawn: 'ERR_ACCESS_DENIED',
    read: 'ERR_ACCESS_DENIED',
    sqlite: 'absent',
  });
  expect(report['title']).not.toBe('changed');
});

test('is executable, and its checksum verifies, as those of its documents do', () => {
  expect(statSync(built.executable.file).mode & 0o777).toBe(0o755);
  writeChecksums(built);
  const verdict = execFileSync('sha256sum', ['-c', 'SHA256SUMS'], { cwd: join(folder, 'bin') });
  expect(String(verdict)).toBe('program: OK\nprogram.cdx.json: OK\nprogram.licenses.txt: OK\n');
});

test('is built again only if something it is made of has changed', () => {
  expect(build().executable).toEqual({ ...built.executable, rebuilt: false });
  rmSync(built.executable.file);
  expect(build().executable).toEqual(built.executable);
});

test('is the same, byte for byte, when it is built elsewhere', () => {
  const again = build('another/bin', 'another/build');
  expect(again.executable).toMatchObject({ sha256: built.executable.sha256, rebuilt: true });
  expect(again.documents.map(contentOf)).toEqual(built.documents.map(contentOf));
});

function contentOf(file: string): string {
  return readFileSync(file, 'utf8');
}
