import type { ConnectionNode } from '@vrsky/runtime/host';
import type { HostOptions } from '../src/measurement.ts';
import type { Meter } from './meter.ts';

/** One measurement under way. */
export interface Run {
  readonly options: Required<HostOptions>;
  readonly node: ConnectionNode;
  readonly meter: Meter;
  readonly payload: Uint8Array;
}

/** Drives a connector until the meter says that it is over, and finishes what it began. */
export type Load = (run: Run) => Promise<void>;
