import { ratioOf, roundsOf } from '../src/statistics.ts';

/** What one run of a contestant gave. */
export interface Sample {
  readonly messages: number;
  readonly seconds: number;
  /** Largest anonymous memory of the connector, in bytes; where there is one. */
  readonly anonPeak?: number;
}

/** Somebody who does the same work in a way of its own. */
export interface Contestant {
  readonly name: string;
  /** One measurement, warm-up not included. Called once per round, never two at a time. */
  run(): Promise<Sample>;
}

export interface Comparison {
  readonly title: string;
  /** The first is what the others are compared with. */
  readonly contestants: readonly [Contestant, ...Contestant[]];
}

/** One value per round; `ratio` is to the first contestant, round by round. */
export interface Standing {
  readonly name: string;
  readonly rate: NonNullable<ReturnType<typeof roundsOf>>;
  readonly ratio: ReturnType<typeof ratioOf>;
  readonly anonPeak: number | undefined;
}

export interface Result {
  readonly title: string;
  readonly standings: readonly Standing[];
}

/**
 * Lets all contestants run, and then all of them again, each round beginning with another one: what
 * drifts on the machine meets all alike. A failure of one ends the comparison.
 */
export async function compare(
  { title, contestants }: Comparison,
  rounds: number,
  onProgress: (line: string) => void,
): Promise<Result> {
  const samples = new Map<Contestant, Sample[]>(contestants.map((one) => [one, []]));
  for (let round = 0; round < rounds; round += 1) {
    const first = round % contestants.length;
    for (const one of [...contestants.slice(first), ...contestants.slice(0, first)]) {
      const sample = await one.run();
      samples.get(one)?.push(sample);
      onProgress(`${title}, ${one.name}: ${perSecond(sample)} messages/s`);
    }
  }
  const rateOf = (one: Contestant): Standing['rate'] => {
    const rates = roundsOf((samples.get(one) ?? []).map((s) => s.messages / s.seconds));
    if (!rates) throw new Error(`${title}, ${one.name}: nothing was measured`);
    return rates;
  };
  const base = rateOf(contestants[0]);
  const standings = contestants.map((one) => {
    const peaks = (samples.get(one) ?? []).flatMap(({ anonPeak = [] }) => anonPeak);
    const rate = rateOf(one);
    const anonPeak = peaks.length > 0 ? Math.max(...peaks) : undefined;
    return { name: one.name, rate, ratio: ratioOf(rate, base), anonPeak };
  });
  return { title, standings };
}

/** For people: a Markdown table. */
export function tableOf({ title, standings }: Result): string {
  const lines = standings.map(({ name, rate, ratio, anonPeak }) => {
    const cells = [
      name,
      rate.median.toFixed(0),
      `${rate.min.toFixed(0)}..${rate.max.toFixed(0)}`,
      ratio ? ratio.median.toFixed(2) : '–',
      ratio ? `${ratio.min.toFixed(2)}..${ratio.max.toFixed(2)}` : '–',
      anonPeak === undefined ? '–' : (anonPeak / 2 ** 20).toFixed(0),
    ];
    return `| ${cells.join(' | ')} |`;
  });
  const head = `| ${title} | messages/s | min..max | × first | min..max | peak anon MiB |`;
  return [head, '|---|---|---|---|---|---|', ...lines].join('\n');
}

function perSecond({ messages, seconds }: Sample): string {
  return (messages / seconds).toFixed(0);
}
