import type { Static, TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { PluginError } from './plugin-error.ts';
import { findProblems } from './problems.ts';

const SHOWN_PROBLEMS = 5;

/**
 * Checks a value against its schema and fills in defaults.
 * @param root name of the value in error paths, such as `settings`
 * @throws PluginError INVALID_CONFIG: the first few problems with path, expectation and suggestion,
 *   `field` being the path of the first; no values
 */
export function checkSettings<S extends TSchema>(
  schema: S,
  value: unknown,
  root: string,
): Static<S> {
  const complete = Value.Default(schema, structuredClone(value));
  const problems = findProblems(schema, complete);
  const [first] = problems;
  if (!first) return complete as Static<S>;
  const lines = problems
    .slice(0, SHOWN_PROBLEMS)
    .map(({ steps, text }) => `${pathOf(root, steps, complete)}: ${text}`);
  const rest = problems.length - lines.length;
  if (rest > 0) lines.push(`and ${rest} more`);
  throw new PluginError('INVALID_CONFIG', lines.join('; '), {
    field: pathOf(root, first.steps, complete),
  });
}

/** `settings.routes[0].path`: an index is one where the value really has an array. */
function pathOf(root: string, steps: readonly string[], value: unknown): string {
  let path = root;
  let here = value;
  for (const step of steps) {
    path += Array.isArray(here) ? `[${step}]` : `${path ? '.' : ''}${step}`;
    here = (here as Record<string, unknown> | undefined)?.[step];
  }
  return path;
}
