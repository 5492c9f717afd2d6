import type { Case } from './cases.ts';
import type { LoadResult, StartResult } from './measurement.ts';
import type { Row } from './rounds.ts';
import { type Rounds, ratioOf, roundsOf, type Spread, spreadOf } from './statistics.ts';
import type { TargetName } from './targets.ts';

/** Per round: messages a second, µs, CPU seconds per 100,000 messages, bytes, milliseconds. */
export type Metric =
  | 'rate'
  | 'p50'
  | 'p99'
  | 'hostCpu'
  | 'pluginCpu'
  | 'messagesPerFrame'
  | 'anonIdle'
  | 'anonAfter'
  | 'anonPeak'
  | 'totalIdle'
  | 'totalAfter'
  | 'totalPeak'
  | 'growth'
  | 'milliseconds';

export type Metrics = Partial<Record<Metric, Rounds>>;
export type Ratios = Partial<Record<Compared, Spread>>;

/** What is compared with other targets. */
const COMPARED = [
  'rate',
  'p50',
  'p99',
  'hostCpu',
  'pluginCpu',
  'anonPeak',
  'milliseconds',
] as const;
type Compared = (typeof COMPARED)[number];

/** What is said of one target of one case. */
export interface Summary {
  readonly case: string;
  readonly kind: Case['kind'];
  readonly target: TargetName;
  readonly metrics: Metrics;
  /** Ratios to other targets, round by round: to the peer, its unary calls, and the floor. */
  readonly to: { readonly peer?: Ratios; readonly unary?: Ratios; readonly floor?: Ratios };
  readonly failures: readonly string[];
}

export function summarize(rows: readonly Row[]): Summary[] {
  const metrics = new Map(rows.map((row) => [keyOf(row.case.name, row.target), metricsOf(row)]));
  const ratios = (own: Metrics, name: string | undefined, target: TargetName) => {
    const base = name === undefined ? undefined : metrics.get(keyOf(name, target));
    return base && base !== own ? ratiosOf(own, base) : undefined;
  };
  return rows.map((row) => {
    const { name, kind, unary } = row.case;
    const own = metricsOf(row);
    const peer = row.target === 'peer' ? undefined : ratios(own, name, 'peer');
    const toUnary = ratios(own, unary, 'peer');
    const floor = row.target === 'floor' ? undefined : ratios(own, name, 'floor');
    return {
      case: name,
      kind,
      target: row.target,
      metrics: own,
      to: {
        ...(peer && { peer }),
        ...(toUnary && { unary: toUnary }),
        ...(floor && { floor }),
      },
      failures: row.rounds.flatMap((round) => (round instanceof Error ? [round.message] : [])),
    };
  });
}

function keyOf(name: string, target: TargetName): string {
  return `${name} ${target}`;
}

function metricsOf({ rounds }: Row): Metrics {
  const perRound = rounds.map((round) => (round instanceof Error ? {} : valuesOf(round)));
  const names = new Set(perRound.flatMap((values) => Object.keys(values) as Metric[]));
  return Object.fromEntries(
    [...names].flatMap((name) => {
      const all = roundsOf(perRound.map((round) => round[name] ?? Number.NaN));
      return all ? [[name, all]] : [];
    }),
  );
}

function valuesOf(result: LoadResult | StartResult): Partial<Record<Metric, number>> {
  if ('milliseconds' in result) return { milliseconds: spreadOf(result.milliseconds).median };
  const { messages, frames, seconds, p50, p99, hostCpu, pluginCpu, rss, series } = result;
  const [first] = series;
  const last = series.at(-1);
  return {
    rate: messages / seconds,
    p50,
    p99,
    hostCpu: (hostCpu / messages) * 100_000,
    pluginCpu: (pluginCpu / messages) * 100_000,
    ...(frames > 0 && { messagesPerFrame: messages / frames }),
    anonIdle: rss.idle.anon,
    anonAfter: rss.after.anon,
    anonPeak: rss.peak.anon,
    totalIdle: rss.idle.total,
    totalAfter: rss.after.total,
    totalPeak: rss.peak.total,
    ...(first !== undefined && last !== undefined && { growth: last - first }),
  };
}

function ratiosOf(own: Metrics, base: Metrics): Ratios {
  return Object.fromEntries(
    COMPARED.flatMap((name) => {
      const [ownRounds, baseRounds] = [own[name], base[name]];
      const ratio = ownRounds && baseRounds && ratioOf(ownRounds, baseRounds);
      return ratio ? [[name, ratio]] : [];
    }),
  );
}
