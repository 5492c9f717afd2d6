import { expect } from 'vitest';
import type { MemoryWatch } from './memory.ts';

const MIB = 2 ** 20;

/** An executable never needs more, whatever its host or the outside does. */
const EXECUTABLE_LIMIT_BYTES = 140 * MIB;
/** Run from source a connector also has TypeScript in memory, and what strips its types. */
export const SOURCE_LIMIT_BYTES: number = 180 * MIB;

export interface Outcome {
  readonly what: string;
  readonly messages: number;
  /** What was done to whom: `8 x kill -9`. */
  readonly faults: string;
  readonly lost: number;
  readonly duplicates: number;
  readonly ms: number;
  readonly memory: MemoryWatch;
  /** Of the connector's memory. Default: that of an executable. */
  readonly limitBytes?: number;
}

/** One line for a run, and what must hold of every one. */
export function report(outcome: Outcome): void {
  const { what, messages, faults, lost, duplicates, ms, memory } = outcome;
  const { host, connector } = memory.peak;
  const mib = (bytes: number): string => `${(bytes / MIB).toFixed(0)} MiB`;
  console.log(
    `${what}: ${messages} messages, ${faults}: lost ${lost}, duplicates ${duplicates}, ` +
      `${(ms / 1000).toFixed(1)} s, ${Math.round((messages / ms) * 1000)} messages/s, ` +
      `peak memory: host ${mib(host)}, connector ${mib(connector)}`,
  );
  expect(lost).toBe(0);
  expect(connector).toBeLessThan(outcome.limitBytes ?? EXECUTABLE_LIMIT_BYTES);
}
