import { relative } from 'node:path';
import type { Reporter, TestCase, TestModule } from 'vitest/node';
import { record, type TestRecord } from './records.ts';

/** Records how each test ended, for the tables that say which test shows what (tools/checks/proof.ts). */
export class RecordReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    record(...modules.flatMap((module) => [...module.children.allTests()].map(recordOf)));
  }
}

function recordOf(test: TestCase): TestRecord {
  const { state } = test.result();
  return {
    file: relative(process.cwd(), test.module.moduleId),
    name: test.fullName,
    // What was still pending when the run was cut short did not run.
    state: state === 'pending' ? 'skipped' : state,
  };
}
