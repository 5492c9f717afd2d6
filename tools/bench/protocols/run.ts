import { execFileSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { basename, join } from 'node:path';
import { load, type Machine, machine } from '../src/machine.ts';
import { type Comparison, compare, type Result, tableOf } from './compare.ts';

const root = join(import.meta.dirname, '../../..');

/** What `tools/bench/protocols/NAME.ts` exports. */
export interface ConnectorBenchmark {
  /** The connectors whose executables have to be built: `http`. */
  readonly connectors: readonly string[];
  /** Starts what is outside, lets contestants compete, ends what it started. */
  readonly measure: (compete: Compete) => Promise<void>;
}

export type Compete = (comparison: Comparison) => Promise<void>;

/** The path of a connector's executable. */
export function executableOf(connector: string): string {
  return join(root, 'dist/bin', `${connector}-connector`);
}

export interface ConnectorReport {
  readonly date: string;
  readonly machine: Machine;
  readonly load: { readonly before: number; readonly after: number };
  readonly rounds: number;
  readonly results: readonly Result[];
}

/** Runs the benchmark of that name; prints tables. */
export async function benchConnector(name: string, rounds: number): Promise<ConnectorReport> {
  const known = globSync('*.ts', { cwd: import.meta.dirname }).map((file) => basename(file, '.ts'));
  const names = known.filter((one) => one !== 'run' && one !== 'compare').toSorted();
  if (!names.includes(name))
    throw new Error(`no protocol '${name}' to measure; there is: ${names.join(', ')}`);
  const { benchmark } = (await import(`./${name}.ts`)) as { benchmark: ConnectorBenchmark };

  const builder = ['tools/build-executable/src/main.ts', ...benchmark.connectors];
  execFileSync(process.execPath, ['--conditions=vrsky:source', ...builder], {
    cwd: root,
    stdio: 'inherit',
  });
  const before = load();
  console.log(`Load average ${before.average.toFixed(2)}${before.busy ? ': BUSY' : ''}`);
  const results: Result[] = [];
  await benchmark.measure(async (comparison) => {
    results.push(await compare(comparison, rounds, (line) => console.log(line)));
  });
  console.log(`\n${results.map(tableOf).join('\n\n')}\n`);
  const date = new Date().toISOString();
  const loads = { before: before.average, after: load().average };
  return { date, machine: machine(), load: loads, rounds, results };
}
