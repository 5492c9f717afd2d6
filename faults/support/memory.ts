import { setInterval } from 'node:timers';
import { expect, onTestFinished } from 'vitest';
import { anonymousBytes, descendantsOf } from '../../tools/testing/processes.ts';
import type { Program } from './program.ts';

const SAMPLE_EVERY_MS = 50;

/** Anonymous memory in bytes, of a host and of the largest of its connectors. */
export interface Memory {
  readonly host: number;
  readonly connector: number;
}

export interface MemoryWatch {
  readonly now: Memory;
  readonly peak: Memory;
}

/** Samples a host and its connectors until the test has ended, whoever they are at the time. */
export function watchMemory(host: Program): MemoryWatch {
  let now: Memory = { host: 0, connector: 0 };
  let peak = now;
  const sample = (): void => {
    now = {
      host: anonymousBytes(host.pid),
      connector: Math.max(0, ...descendantsOf(host.pid).map(anonymousBytes)),
    };
    peak = {
      host: Math.max(peak.host, now.host),
      connector: Math.max(peak.connector, now.connector),
    };
  };
  const timer = setInterval(sample, SAMPLE_EVERY_MS);
  onTestFinished(() => clearInterval(timer));
  return {
    get now() {
      sample();
      return now;
    },
    get peak() {
      return peak;
    },
  };
}

/** After this part of a run everything is loaded, and what is collected now and then is there. */
const WARM = 0.25;
/** What V8 takes and gives back on the way. */
const ALLOWED_BYTES = 24 * 2 ** 20;

/** Shows that a connector's memory does not grow with what passes through it. */
export function expectFlat(memory: MemoryWatch): {
  /** To be told how far the run is, from 0 to 1. */
  after(part: number): void;
  atEnd(): void;
} {
  let warm: number | undefined;
  return {
    after(part) {
      if (part >= WARM) warm ??= memory.peak.connector;
    },
    atEnd() {
      expect(warm).toBeGreaterThan(0);
      expect(memory.peak.connector - (warm ?? 0)).toBeLessThan(ALLOWED_BYTES);
    },
  };
}
