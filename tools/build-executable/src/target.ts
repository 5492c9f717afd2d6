import { join } from 'node:path';

/** The repository's root. */
export const root = join(import.meta.dirname, '../../..');

/** The one platform that executables are built for, named as npm's packages of Node's binaries. */
export const target = 'linux-x64';

/** Node for the target, of the same version as the Node that builds: `--build-sea` demands it. */
export const targetNode = join(root, 'node_modules', `node-${target}`, 'bin/node');
