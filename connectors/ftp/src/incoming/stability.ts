import type { FoundFile } from './found-file.ts';
import type { IncomingSettings } from './settings.ts';

interface Observation {
  readonly facts: string;
  /** Equal looks in a row. */
  equal: number;
  /** When the last one that counted was, in milliseconds of a monotonic clock. */
  countedAt: number;
  readonly firstSeenAt: number;
}

/** Tells which files nobody writes any more: those that looked the same several times in a row. */
export class Stability {
  readonly #settings: IncomingSettings['stability'];
  readonly #minAgeMs: number;
  #observations = new Map<string, Observation>();

  constructor({ stability, minAgeMs }: IncomingSettings) {
    this.#settings = stability;
    this.#minAgeMs = minAgeMs;
  }

  /**
   * Takes note of one look; what was not seen in it is forgotten.
   * @param now milliseconds of a monotonic clock
   * @param wallClock milliseconds since 1970
   * @returns the files that are complete
   */
  observe(files: readonly FoundFile[], now: number, wallClock: number): FoundFile[] {
    const { checks, intervalMs } = this.#settings;
    const seen = new Map<string, Observation>();
    const complete = files.filter((file) => {
      // One look is enough, and the file says itself how old it is: nothing has to be remembered.
      if (checks <= 1 && file.modifiedAt !== undefined) {
        return wallClock - file.modifiedAt >= this.#minAgeMs;
      }
      const facts = this.#factsOf(file);
      const before = this.#observations.get(file.path);
      const firstSeenAt = before?.firstSeenAt ?? now;
      const observation =
        before?.facts === facts ? before : { facts, equal: 1, countedAt: now, firstSeenAt };
      if (now - observation.countedAt >= intervalMs) {
        observation.equal += 1;
        observation.countedAt = now;
      }
      seen.set(file.path, observation);
      const age = file.modifiedAt === undefined ? now - firstSeenAt : wallClock - file.modifiedAt;
      return observation.equal >= checks && age >= this.#minAgeMs;
    });
    this.#observations = seen;
    return complete;
  }

  /** Begins anew with a file that turned out to change. */
  forget({ path }: FoundFile): void {
    this.#observations.delete(path);
  }

  #factsOf({ size, modifiedAt }: FoundFile): string {
    const { attributes } = this.#settings;
    if (attributes === 'size') return `${size}`;
    return attributes === 'mtime' ? `${modifiedAt}` : `${size} ${modifiedAt}`;
  }
}
