import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { fetchPackage } from '../src/fetch-package.ts';

// Any small package whose checksum is known would do.
const spec = 'fast-deep-equal@3.1.3';
const integrity =
  'sha512-f3qQ9oQy9j2AhBe/H9VC91wLmKBCCU/gDOnKNAYG5hswO7BLKj09Hc5HYNz9cGI++xlpDCIgDaitVs03ATR84Q==';
const folder = mkdtempSync(join(tmpdir(), 'fetch-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('a package is fetched with all its files', () => {
  const into = join(folder, 'fetched');
  fetchPackage(spec, integrity, into);
  const manifest = JSON.parse(readFileSync(join(into, 'package.json'), 'utf8')) as unknown;
  expect(manifest).toMatchObject({ name: 'fast-deep-equal', version: '3.1.3' });
  expect(existsSync(join(into, 'index.js'))).toBe(true);
  expect(readdirSync(folder)).toEqual(['fetched']);
});

test('a package that is not the one of the lock file is refused, and nothing of it stays', () => {
  const into = join(folder, 'forged');
  const another = integrity.replace('f3qQ', 'aaaa');
  expect(() => fetchPackage(spec, another, into)).toThrow('is not what the lock file names');
  expect(readdirSync(folder).filter((name) => name.startsWith('forged'))).toEqual([]);
});
