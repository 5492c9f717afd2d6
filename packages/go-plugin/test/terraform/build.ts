import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

const version = 'v1.13.3';
const module = 'github.com/hashicorp/terraform';
const cache = join(import.meta.dirname, '../../../../node_modules/.cache/terraform', version);
/** The modules that Terraform has in its own repository: where it keeps states, with the libraries of all clouds. */
const ownModule = /^replace (\S+\/remote-state\/\S+|\S+\/legacy) => \.\//gm;

export interface Terraform {
  readonly executable: string;
  /** Of the protocol between Terraform and its providers, from the same source. */
  readonly proto: string;
}

/**
 * Builds Terraform from its source, once: some ten minutes on one processor, of which it leaves the rest to others. Remote
 * states are left out, which providers have nothing to do with.
 */
export function buildTerraform(): Terraform {
  const built = { executable: join(cache, 'terraform'), proto: join(cache, 'tfplugin6.proto') };
  if (existsSync(built.executable)) return built;
  mkdirSync(cache, { recursive: true });
  const download = JSON.parse(go('mod', 'download', '-json', `${module}@${version}`)) as {
    GoMod: string;
    Dir: string;
  };
  copyFileSync(join(download.Dir, 'docs/plugin-protocol/tfplugin6.proto'), built.proto);
  const own = Array.from(
    readFileSync(download.GoMod, 'utf8').matchAll(ownModule),
    ([, path = '']) => path,
  );
  const replacements = own.map((path) => `replace ${path} => ${writeEmpty(path)}`);
  const lines = ['module build', 'go 1.26', `require ${module} ${version}`, ...replacements];
  writeFileSync(join(cache, 'go.mod'), `${lines.join('\n\n')}\n`);
  const build = ['build', '-mod=mod', '-p', '1', '-o', built.executable, module];
  execFileSync('nice', ['-n', '19', 'go', ...build], { cwd: cache, stdio: 'inherit' });
  return built;
}

function go(...args: string[]): string {
  return execFileSync('go', args, { cwd: cache, encoding: 'utf8' });
}

/** A module with nothing but the constructor that Terraform registers. */
function writeEmpty(path: string): string {
  const name = basename(path);
  const folder = join(cache, 'empty', name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'go.mod'), `module ${path}\n`);
  if (name !== 'legacy') {
    const code = `package ${name}\n\nimport "${module}/internal/backend"\n\nfunc New() backend.Backend { return nil }\n`;
    writeFileSync(join(folder, `${name}.go`), code);
  }
  return `./empty/${name}`;
}
