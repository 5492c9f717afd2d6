import type { Plugin } from 'esbuild';

/** Where esbuild says that the text is from: no file, and no package. */
export const silent = 'silent';

/**
 * Nothing in the place of the package `debug`, which libraries call for each packet: with DEBUG in the
 * environment it would print passwords and payloads, and without it takes a twentieth of the time.
 */
export const silentDebug: Plugin = {
  name: 'silent-debug',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^debug$/ }, ({ path }) => ({ path, namespace: silent }));
    onLoad({ filter: /./, namespace: silent }, () => ({
      contents: 'module.exports = () => () => {};',
    }));
  },
};
