// `go vet` and `go test` for the Go module. Without Go they count as one skipped test; CI has Go.
import { spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { type Counts, reportCounts } from '../testing/counts.ts';
import { needs } from '../testing/require-program.ts';

const folder = 'packages/connector-go';

/** One line of `go test -json`; only what is used here. */
interface TestEvent {
  Action: string;
  Package?: string;
  ImportPath?: string;
  Test?: string;
  Output?: string;
}

if (needs('go')) {
  const vet = spawnSync('go', ['vet', './...'], { cwd: folder, stdio: 'inherit' });
  const counts = await test();
  if (vet.status !== 0 || counts.failed > 0) process.exitCode = 1;
} else {
  console.log(`Skipped: there is no 'go' on the PATH, so ${folder} is not tested.`);
  reportCounts({ passed: 0, failed: 0, skipped: 1 });
}

async function test(): Promise<Counts> {
  const counts: Counts = { passed: 0, failed: 0, skipped: 0 };
  const go = spawn('go', ['test', '-json', './...'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exit = new Promise<number | null>((resolve) => go.once('exit', resolve));
  const outputs = new Map<string, string>();
  for await (const line of createInterface({ input: go.stdout })) {
    tally(JSON.parse(line) as TestEvent, counts, outputs);
  }
  // A package that does not compile, or dies on its own, fails without a failed test.
  if ((await exit) !== 0 && counts.failed === 0) counts.failed = 1;
  reportCounts(counts);
  return counts;
}

/** Counts the ends of tests, and shows what a failed test or package has printed. */
function tally(event: TestEvent, counts: Counts, outputs: Map<string, string>): void {
  const { Action, Package, ImportPath, Test, Output } = event;
  const key = `${Package ?? ImportPath} ${Test ?? ''}`;
  if (Output) outputs.set(key, (outputs.get(key) ?? '') + Output);
  const kind = ({ pass: 'passed', fail: 'failed', skip: 'skipped' } as const)[Action];
  if (Test && kind) counts[kind] += 1;
  if (Action === 'fail' || Action === 'build-fail') console.error(outputs.get(key) ?? key);
  if (kind) {
    if (!Test && Action !== 'skip') console.log(`${Action}  ${Package}`);
    outputs.delete(key);
  }
}
