import { existsSync, globSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';
import { RecordReporter } from './tools/testing/record-reporter.ts';
import { slowly } from './tools/testing/slowness.ts';
import { SummaryReporter } from './tools/testing/summary-reporter.ts';

// Tests run against the sources of every workspace package: no build in between.
const conditions = ['vrsky:source', 'node', 'import', 'module', 'default'];

/** One project per workspace package that has tests, named as the package without its scope. */
const packages = globSync('{packages,connectors,tools,examples}/*/package.json', {
  cwd: import.meta.dirname,
})
  .filter((manifest) => existsSync(join(import.meta.dirname, dirname(manifest), 'test')))
  .map((manifest) => project(unscopedName(manifest), `${dirname(manifest)}/test/**/*.test.ts`));

/** The tests whose messages travel between a host and a connector. */
const throughConnectors =
  '{packages/runtime/test/{bad-input,calls,node,receive*,send-stream*,slow-host}.test.ts,interop/{go-host-our-connector,go-host-polls,our-host-go-connector}.test.ts}';

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    pool: 'forks',
    // One more than there are processors, where by default it is one less: tests mostly wait for others.
    maxWorkers: availableParallelism() + 1,
    testTimeout: slowly(20_000),
    hookTimeout: slowly(20_000),
    teardownTimeout: slowly(10_000),
    slowTestThreshold: 5_000,
    expect: { poll: { timeout: slowly(10_000) } },
    reporters: ['default', new SummaryReporter(), new RecordReporter()],
    globalSetup: ['tools/testing/leftovers.ts'],
    projects: [
      ...packages,
      project('checks', 'tools/{checks,setup,testing}/test/**/*.test.ts'),
      project('interop', 'interop/*.test.ts'),
      // What passes on the hot path passes without it, too.
      project('default-route', throughConnectors, { VRSKY_HOT_PATH: 'off' }),
      // Need the port 8080 for themselves: a run of their own, one file after the other.
      alone(project('specification', '{interop/alone,examples/connectors/*/ts/test}/*.test.ts')),
      // Builds Terraform, which takes long once: see `npm run interop:terraform`.
      project('terraform', 'packages/go-plugin/test/terraform/*.interop.ts'),
      // Slow on purpose, and not part of `npm test`: see `npm run faults`.
      project('faults', 'faults/**/*.test.ts'),
    ],
  },
});

function project(
  name: string,
  include: string,
  env: Record<string, string> = {},
): TestProjectInlineConfiguration {
  return { extends: true, test: { name, include: [include], env } };
}

function alone(tests: TestProjectInlineConfiguration): TestProjectInlineConfiguration {
  return { ...tests, test: { ...tests.test, fileParallelism: false } };
}

function unscopedName(manifest: string): string {
  const path = join(import.meta.dirname, manifest);
  const { name } = JSON.parse(readFileSync(path, 'utf8')) as { name: string };
  return name.replace(/^@.*\//, '');
}
