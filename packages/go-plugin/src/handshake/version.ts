import { GoPluginError } from '../errors.ts';

export interface Negotiated {
  readonly version: number;
  /** Items of the host's list that are not numbers; they are skipped. */
  readonly invalid: readonly string[];
}

/**
 * The plugin's choice: the highest version that both sides know. Without a match, or without a list, it is the
 * plugin's lowest, so that the host can report the mismatch.
 */
export function negotiateVersion(own: readonly number[], offered: string | undefined): Negotiated {
  const items = offered ? offered.split(',') : [];
  const host = new Set(items.filter(isVersion).map(Number));
  const best = own.toSorted((a, b) => b - a).find((version) => host.has(version));
  return {
    version: best ?? Math.min(...own),
    invalid: items.filter((item) => !isVersion(item)),
  };
}

function isVersion(item: string): boolean {
  return /^[+-]?\d+$/.test(item);
}

/** @throws GoPluginError APP_VERSION_INCOMPATIBLE, in go-plugin's words, unless the host speaks the plugin's version. */
export function requireVersion(version: number, versions: readonly number[]): void {
  if (versions.includes(version)) return;
  throw new GoPluginError(
    'APP_VERSION_INCOMPATIBLE',
    `incompatible API version with plugin. Plugin version: ${version}, Client versions: [${versions.join(' ')}]\nInstall a release of the plugin, or of this program, that shares a version with the other.`,
  );
}
