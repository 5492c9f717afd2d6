import { getAsset, getAssetKeys, isSea } from 'node:sea';

/** Under this name an executable carries the licence texts of all that is in it. */
const asset = 'licenses';

/** What `--licenses` prints. */
export function licenses(name: string): string {
  if (isSea() && getAssetKeys().includes(asset)) return getAsset(asset, 'utf8').trimEnd();
  return `${name} runs from its packages here: each has its licence in its own folder, below node_modules.
The executable of ${name} carries the texts of all of them, and of Node.js.`;
}
