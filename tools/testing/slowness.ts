/** Tests pass on a machine that is this much slower than a developer's, or as busy. */
const SLOWNESS = 4;

/**
 * The limit, in milliseconds, for what takes at most `ms` on a quick machine. What a test rules out by a limit
 * has to take longer than this.
 */
export function slowly(ms: number): number {
  return ms * SLOWNESS;
}
