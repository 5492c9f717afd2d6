import type { Static, TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { PluginError } from './plugin-error.ts';
import { describeProblems } from './settings-problem.ts';

/**
 * Checks a value against its schema and fills in defaults.
 * @param root name of the value in error paths, such as `settings`
 * @throws PluginError INVALID_CONFIG: the first few faults with path, expectation and suggestion,
 *   `field` being the path of the first. It prints no values: a secret may have strayed in.
 */
export function checkSettings<S extends TSchema>(
  schema: S,
  value: unknown,
  root: string,
): Static<S> {
  const complete = Value.Default(schema, structuredClone(value));
  const errors = Value.Errors(schema, complete);
  const problems = describeProblems(schema, complete, errors, root);
  const [first] = problems;
  if (!first) return complete as Static<S>;
  const text = problems.slice(0, 5).map((problem) => `${problem.path}: ${problem.text}`);
  if (problems.length > 5) text.push(`and ${problems.length - 5} more`);
  throw new PluginError('INVALID_CONFIG', text.join('; '), { field: first.path });
}
