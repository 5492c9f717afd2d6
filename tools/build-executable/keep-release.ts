// node tools/build-executable/keep-release.ts: keeps http-connector and vrsky-host, as they are now, in
// interop/releases/VERSION. Executables would be 120 MB each; these are what goes into them, compressed, with
// the licence texts of all that is in them. interop/previous-release.test.ts runs them.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { type Bundle, bundle } from './src/bundle.ts';
import { notices } from './src/notices.ts';
import { root } from './src/target.ts';

const { version } = JSON.parse(readFileSync(join(root, 'packages/host/package.json'), 'utf8')) as {
  version: string;
};
const folder = join(root, 'interop/releases', version);
mkdirSync(folder, { recursive: true });
keep('http-connector.cjs', await bundle(join(root, 'connectors/http/src/main.ts')));
keep('vrsky-host.mjs', await bundle(join(root, 'packages/host/src/main.ts'), 'esm'));

function keep(name: string, program: Bundle): void {
  writeFileSync(join(folder, `${name}.br`), brotliCompressSync(program.text));
  writeFileSync(join(folder, `${name}.licenses.txt`), notices(program));
}
