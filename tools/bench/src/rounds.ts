import type { Built } from './build.ts';
import type { Case } from './cases.ts';
import type { Cgroup } from './cgroup.ts';
import { measure, type Timing } from './measure.ts';
import type { LoadResult, StartResult } from './measurement.ts';
import { type Target, type TargetName, targetsOf } from './targets.ts';

/** What the rounds gave for one target of one case. */
export interface Row {
  readonly case: Case;
  readonly target: TargetName;
  /** One entry per round; an Error where it failed. */
  readonly rounds: readonly (LoadResult | StartResult | Error)[];
}

export interface RoundOptions {
  readonly cases: readonly Case[];
  readonly built: Built;
  readonly rounds: number;
  readonly timing: Timing;
  readonly cgroup: Cgroup | undefined;
  /** Besides the peer; without any, all. */
  readonly targets: readonly string[];
  readonly onProgress: (line: string) => void;
}

/**
 * Measures every target of every case, and then all of it again: what drifts on the machine meets all
 * alike. Each round begins with another target.
 */
export async function measureRounds(options: RoundOptions): Promise<Row[]> {
  const { cases, built, rounds, timing, cgroup, targets, onProgress } = options;
  const plan = cases.map((one) => ({ case: one, targets: targetsOf(one, built, targets) }));
  const results = new Map<string, (LoadResult | StartResult | Error)[]>();
  const total = rounds * plan.reduce((sum, { targets: all }) => sum + all.length, 0);
  let done = 0;
  for (let round = 0; round < rounds; round += 1) {
    for (const { case: one, targets: all } of plan) {
      for (const target of rotated(all, round)) {
        const result = await measure(one, target, built, timing, cgroup).catch(asError);
        const key = keyOf(one, target);
        results.set(key, [...(results.get(key) ?? []), result]);
        done += 1;
        onProgress(`[${done}/${total}] ${one.name} ${target.name}: ${brief(result)}`);
      }
    }
  }
  return plan.flatMap(({ case: one, targets: all }) =>
    all.map((target) => ({
      case: one,
      target: target.name,
      rounds: results.get(keyOf(one, target)) ?? [],
    })),
  );
}

function keyOf({ name }: Case, target: Target): string {
  return `${name} ${target.name}`;
}

function rotated<T>(items: readonly T[], by: number): T[] {
  const first = by % items.length;
  return [...items.slice(first), ...items.slice(0, first)];
}

function brief(result: LoadResult | StartResult | Error): string {
  if (result instanceof Error) return `FAILED: ${result.message}`;
  if ('milliseconds' in result) {
    return `${result.milliseconds.map((one) => one.toFixed(0)).join(' ')} ms`;
  }
  return `${Math.round(result.messages / result.seconds).toLocaleString('en')} msg/s`;
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
