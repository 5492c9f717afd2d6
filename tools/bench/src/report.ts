import { statSync } from 'node:fs';
import type { Built } from './build.ts';
import type { Machine } from './machine.ts';
import type { Summary } from './summary.ts';

/** The JSON file of one run. */
export interface Report {
  readonly date: string;
  readonly machine: Machine;
  /** One minute's load average. */
  readonly load: { readonly before: number; readonly after: number };
  readonly options: {
    readonly rounds: number;
    readonly warmUpMs: number;
    readonly timeMs: number;
  };
  /** Of the files, in bytes. */
  readonly sizes: Readonly<Record<string, number>>;
  readonly summaries: readonly Summary[];
}

export function sizesOf({ peer, goConnector, connector, floor }: Built): Report['sizes'] {
  const files = { peer, 'go-connector': goConnector, executable: connector, floor };
  return Object.fromEntries(
    Object.entries(files).map(([name, [file = '']]) => [name, statSync(file).size]),
  );
}

/** With as many digits as mean anything. */
export function toJson(report: object): string {
  const rounded = (_: string, value: unknown): unknown =>
    typeof value === 'number' ? Number(value.toFixed(3)) : value;
  return `${JSON.stringify(report, rounded, 2)}\n`;
}
