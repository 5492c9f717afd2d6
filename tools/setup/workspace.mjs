import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The folders of the workspace's packages, from its root and sorted, by pnpm-workspace.yaml: so that no
 * other list of them is kept anywhere.
 */
export function workspacePackages(root) {
  const text = readFileSync(join(root, 'pnpm-workspace.yaml'), 'utf8');
  const [, list] = text.match(/^packages:\n((?: +- .+\n)+)/m) ?? ['', ''];
  const patterns = [...list.matchAll(/- ['"]?([^'"\n]+)/g)].map(([, pattern]) => pattern);
  return patterns
    .flatMap((pattern) => foldersOf(root, pattern))
    .filter((folder) => existsSync(join(root, folder, 'package.json')))
    .sort((a, b) => (a < b ? -1 : 1));
}

/** Only `folder` and `folder/*` are used, and Node has no glob before 22. */
function foldersOf(root, pattern) {
  if (!pattern.endsWith('/*')) return [pattern];
  const parent = pattern.slice(0, -2);
  if (!existsSync(join(root, parent))) return [];
  return readdirSync(join(root, parent)).map((name) => `${parent}/${name}`);
}
