import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';

const releases = join(import.meta.dirname, '../releases');

/** The programs of a release, as tools/build-executable/keep-release.ts has kept them, unpacked into a folder. */
export function unpackRelease(version: string, folder: string) {
  // The host reads its version two folders above itself.
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ version }));
  return {
    connector: unpack(version, 'http-connector.cjs', join(folder, 'bin/http-connector.cjs')),
    host: unpack(version, 'vrsky-host.mjs', join(folder, 'host/bin/vrsky-host.mjs')),
  };
}

function unpack(version: string, name: string, file: string): string {
  mkdirSync(dirname(file), { recursive: true });
  const text = brotliDecompressSync(readFileSync(join(releases, version, `${name}.br`)));
  writeFileSync(file, `#!${process.execPath}\n${text}`, { mode: 0o755 });
  return file;
}
