// `go vet` and `go test` for the Go modules. Without Go each counts as one skipped test; CI has Go.
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Counts, reportCounts } from '../testing/counts.ts';
import { record } from '../testing/records.ts';
import { needs } from '../testing/require-program.ts';

const modules = [
  'packages/connector-go',
  'examples/connectors/http-webhook/go',
  'packages/go-plugin/conformance',
  'tools/bench/go',
];

/** One line of `go test -json`; only what is used here. */
interface TestEvent {
  Action: string;
  Package?: string;
  ImportPath?: string;
  Test?: string;
  Output?: string;
}

if (needs('go')) {
  const counts: Counts = { passed: 0, failed: 0, skipped: 0 };
  for (const module of modules) {
    const vet = spawnSync('go', ['vet', './...'], { cwd: module, stdio: 'inherit' });
    if (vet.status !== 0) process.exitCode = 1;
    await test(module, counts);
  }
  if (counts.failed > 0) process.exitCode = 1;
  reportCounts(counts);
} else {
  console.log(`Skipped: there is no 'go' on the PATH, so ${modules.join(', ')} are not tested.`);
  reportCounts({ passed: 0, failed: 0, skipped: modules.length });
}

/** Runs a module's tests and adds how they ended. */
async function test(module: string, counts: Counts): Promise<void> {
  const failedBefore = counts.failed;
  // Never from Go's cache, which knows nothing of the TypeScript that tests run; and more at once than
  // there are processors, since they mostly wait for processes.
  const go = spawn('go', ['test', '-json', '-count', '1', '-parallel', '4', './...'], {
    cwd: module,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exit = new Promise<number | null>((resolve) => go.once('exit', resolve));
  const outputs = new Map<string, string>();
  for await (const line of createInterface({ input: go.stdout })) {
    const event = JSON.parse(line) as TestEvent;
    tally(event, counts, outputs);
    recordEnd(event, module);
  }
  // A package that does not compile, or dies on its own, fails without a failed test.
  if ((await exit) !== 0 && counts.failed === failedBefore) counts.failed += 1;
}

/** Counts the ends of tests, and shows what a failed test or package has printed. */
function tally(event: TestEvent, counts: Counts, outputs: Map<string, string>): void {
  const { Action, Package, ImportPath, Test, Output } = event;
  const key = `${Package ?? ImportPath} ${Test ?? ''}`;
  if (Output) outputs.set(key, (outputs.get(key) ?? '') + Output);
  const kind = kindOf(Action);
  if (Test && kind) counts[kind] += 1;
  if (Action === 'fail' || Action === 'build-fail') console.error(outputs.get(key) ?? key);
  if (kind) {
    if (!Test && Action !== 'skip') console.log(`${Action}  ${Package}`);
    outputs.delete(key);
  }
}

/** Records how a test ended, under the folder of its package; a subtest's name follows its test's. */
function recordEnd({ Action, Package = '', Test }: TestEvent, module: string): void {
  const state = kindOf(Action);
  if (!Test || !state) return;
  const [, path = ''] = /^module (\S+)/m.exec(readFileSync(join(module, 'go.mod'), 'utf8')) ?? [];
  const file = join(module, Package.slice(path.length));
  record({ file, name: Test.replaceAll('/', ' > '), state });
}

function kindOf(action: string): 'passed' | 'failed' | 'skipped' | undefined {
  return ({ pass: 'passed', fail: 'failed', skip: 'skipped' } as const)[action];
}
