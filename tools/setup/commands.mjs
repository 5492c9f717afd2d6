const node = 'node --conditions=vrsky:source';
const buildExecutables = `${node} tools/build-executable/src/main.ts`;
// oxlint is always given paths: without any it may search far outside the repository.
const sources = 'packages connectors tools examples interop faults vitest.config.ts';

/**
 * What each root script does: steps, each a title and a command line. The arguments of the script
 * go to the last step. `tests` means: print the summary line of the tests at the end. `keepGoing`
 * means: a failing step does not stop the rest, so that one run tells everything.
 */
export const commands = {
  start: { steps: [['example', `${node} tools/setup/example.ts`]] },
  check: {
    tests: true,
    keepGoing: true,
    steps: [
      ['package manifests', 'sherif --fail-on-warnings -r packages-without-package-json'],
      ['format', 'biome check'],
      ['lint', `oxlint --type-aware --deny-warnings ${sources}`],
      ['unused code', 'knip --no-config-hints'],
      ['types', 'node tools/checks/types.mjs'],
      ['protocol style', 'buf lint'],
      ['protocol compatibility', 'buf breaking --against proto/released.binpb'],
      ['generated code', 'node tools/checks/generated-code.ts'],
      ['settings tables', `${node} tools/checks/settings-tables.ts`],
      ['packages', 'node tools/setup/pack.mjs'],
      ['published packages', 'node tools/checks/published-packages.ts'],
      ['executables', buildExecutables],
      ['tests', 'vitest run --project !faults --project !specification --project !terraform'],
      ["the specification's examples", 'vitest run --project specification'],
      ['Go', 'node tools/checks/go.ts'],
      ['proof', 'node tools/checks/proof.ts'],
    ],
  },
  faults: {
    tests: true,
    steps: [
      ['executables', buildExecutables],
      ['faults', 'vitest run --project faults'],
      ['proof', 'node tools/checks/proof.ts --faults'],
    ],
  },
  'interop:terraform': {
    tests: true,
    steps: [['Terraform', 'vitest run --project terraform']],
  },
  bench: { steps: [['bench', `${node} tools/bench/src/main.ts`]] },
  executables: { steps: [['executables', buildExecutables]] },
  build: { steps: [['build', 'turbo run build']] },
  pack: {
    steps: [
      ['build', 'turbo run build'],
      ['packages', 'node tools/setup/pack.mjs'],
    ],
  },
  format: { steps: [['format', 'biome check --write']] },
  generate: {
    steps: [
      ['generated code', 'node tools/checks/generated-code.ts --write'],
      ['settings tables', `${node} tools/checks/settings-tables.ts --write`],
    ],
  },
};
