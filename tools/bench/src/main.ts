// npm run bench -- [--case PATTERN]... [--target NAME]... [--full] [--rounds N] [--seconds S]
// [--json FILE] [--list]: measures connectors side by side. See docs/benchmarks.md.
// npm run bench -- PROTOCOL [--rounds N] [--json FILE]: a connector beside what does the same without it.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { benchConnector } from '../protocols/run.ts';
import { build, dist } from './build.ts';
import { allCases, isUsual, selectCases } from './cases.ts';
import { createCgroup } from './cgroup.ts';
import { load, machine } from './machine.ts';
import { type Report, sizesOf, toJson } from './report.ts';
import { measureRounds } from './rounds.ts';
import { summarize } from './summary.ts';
import { tables } from './table.ts';
import { checkTargets } from './targets.ts';

const WARM_UP_MS = 700;
const LIMITS = { cpus: 0.5, bytes: 256 * 2 ** 20 };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    case: { type: 'string', multiple: true, default: [] },
    target: { type: 'string', multiple: true, default: [] },
    full: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '1' },
    json: { type: 'string', default: join(dist, 'results.json') },
    list: { type: 'boolean', default: false },
  },
});

try {
  await run();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

async function run(): Promise<void> {
  if (values.list) {
    for (const one of allCases()) console.log(`${isUsual(one) ? '*' : ' '} ${one.name}`);
    return;
  }
  const [connector] = positionals;
  if (connector !== undefined) {
    write(await benchConnector(connector, positive(values.rounds)));
    return;
  }
  const report = await bench();
  write(report);
  if (report.summaries.some(({ failures }) => failures.length > 0)) process.exitCode = 1;
}

function write(report: object): void {
  mkdirSync(dirname(values.json), { recursive: true });
  writeFileSync(values.json, toJson(report));
  console.log(`Written to ${values.json}`);
}

async function bench(): Promise<Report> {
  const cgroup = createCgroup(LIMITS);
  try {
    checkTargets(values.target);
    const cases = selectCases(values.case, values.full).filter(({ limited }) => !limited || cgroup);
    if (!cgroup) console.log('No cgroup can be made here: nothing is measured within limits.');
    console.log(`Building what the ${cases.length} cases need`);
    const built = await build();
    const before = load();
    console.log(
      `Load average ${before.average.toFixed(2)}${before.busy ? ': BUSY, the figures will be noise' : ''}`,
    );
    const options = {
      rounds: positive(values.rounds),
      warmUpMs: WARM_UP_MS,
      timeMs: positive(values.seconds) * 1000,
    };
    const rows = await measureRounds({
      cases,
      built,
      rounds: options.rounds,
      timing: { warmUpMs: options.warmUpMs, timeMs: options.timeMs },
      cgroup,
      targets: values.target,
      onProgress: (line) => console.log(line),
    });
    const summaries = summarize(rows);
    const sizes = sizesOf(built);
    console.log(`\n${tables(summaries)}\nSize in MiB: ${inMebibytes(sizes)}`);
    return {
      date: new Date().toISOString(),
      machine: machine(),
      load: { before: before.average, after: load().average },
      options,
      sizes,
      summaries,
    };
  } finally {
    cgroup?.remove();
  }
}

function inMebibytes(sizes: Report['sizes']): string {
  return Object.entries(sizes)
    .map(([name, bytes]) => `${name} ${(bytes / 2 ** 20).toFixed(1)}`)
    .join(', ');
}

function positive(text: string): number {
  const number = Number(text);
  if (number > 0) return number;
  throw new Error(`expected a number above 0, not "${text}"`);
}
