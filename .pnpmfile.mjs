export const hooks = {
  /** Published packages have their sources for debuggers only: Node runs no TypeScript in node_modules. */
  beforePacking({ exports = {}, ...manifest }) {
    const entries = Object.entries(exports).map(([name, conditions]) => {
      const { 'vrsky:source': _, ...published } = conditions;
      return [name, published];
    });
    return { ...manifest, exports: Object.fromEntries(entries) };
  },
};
