import type { TSchema } from 'typebox';
import type { TLocalizedValidationError } from 'typebox/error';
import { closest } from './closest.ts';

export interface Problem {
  /** Where in the value, such as `settings.routes[0].path`. */
  readonly path: string;
  /** What was expected, and a suggestion. */
  readonly text: string;
}

/** The schema checker's errors, one per fault, in words that help; without any values. */
export function describeProblems(
  schema: TSchema,
  value: unknown,
  errors: readonly TLocalizedValidationError[],
  root: string,
): Problem[] {
  const problems = new Map<string, string>();
  const add = (path: string, text: string): void => {
    if (!problems.has(path)) problems.set(path, text);
  };
  for (const error of errors) {
    const steps = error.instancePath.split('/').slice(1).map(unescapeStep);
    const here = schemaAt(schema, steps);
    const path = pathOf(root, steps, value);
    if (error.keyword === 'additionalProperties') {
      const known = Object.keys((here?.['properties'] as object | undefined) ?? {});
      for (const key of error.params.additionalProperties) {
        add(pathOf(root, [...steps, key], value), unknownKey(key, known));
      }
    } else if (error.keyword === 'required') {
      for (const key of error.params.requiredProperties) {
        const missing = schemaAt(schema, [...steps, key]);
        add(pathOf(root, [...steps, key], value), `is missing: expected ${expectation(missing)}`);
      }
    } else if (error.keyword !== 'boolean') {
      add(path, `expected ${expectation(here)}`);
    }
  }
  return [...problems].map(([path, text]) => ({ path, text }));
}

function unknownKey(key: string, known: readonly string[]): string {
  const guess = closest(key, known);
  if (guess) return `is not a setting; did you mean "${guess}"?`;
  return known.length > 0 ? `is not a setting; known are ${known.join(', ')}` : 'is not a setting';
}

/** The part of the schema that describes the value at `steps`, as far as it is plain to see. */
function schemaAt(schema: TSchema, steps: readonly string[]): Record<string, unknown> | undefined {
  let here: Record<string, unknown> | undefined = schema as Record<string, unknown>;
  for (const step of steps) {
    const properties = here?.['properties'] as Record<string, unknown> | undefined;
    here = (properties?.[step] ?? here?.['items'] ?? here?.['additionalProperties']) as
      | Record<string, unknown>
      | undefined;
  }
  return typeof here === 'object' ? here : undefined;
}

function expectation(schema: Record<string, unknown> | undefined): string {
  if (!schema) return 'another value';
  const choices = (schema['anyOf'] as { const?: unknown }[] | undefined)?.map((one) => one.const);
  const allowed = (schema['enum'] as unknown[] | undefined) ?? choices;
  if (allowed?.every((one) => one !== undefined)) {
    return `one of ${allowed.map((one) => JSON.stringify(one)).join(', ')}`;
  }
  const { type, minimum, maximum, minLength, pattern } = schema;
  let text = `${/^[aeiou]/.test(String(type)) ? 'an' : 'a'} ${String(type ?? 'value')}`;
  if (minimum !== undefined && maximum !== undefined) text += ` from ${minimum} to ${maximum}`;
  else if (minimum !== undefined) text += ` of at least ${minimum}`;
  if (minLength === 1) text += ' that is not empty';
  if (pattern !== undefined) text += ` that matches ${String(pattern)}`;
  return schema['description'] ? `${text} (${String(schema['description'])})` : text;
}

/** `settings.routes[0].path`; an index is one where the value really has an array. */
function pathOf(root: string, steps: readonly string[], value: unknown): string {
  let path = root;
  let here = value;
  for (const step of steps) {
    path += Array.isArray(here) ? `[${step}]` : `${path ? '.' : ''}${step}`;
    here = (here as Record<string, unknown> | undefined)?.[step];
  }
  return path;
}

function unescapeStep(step: string): string {
  return step.replaceAll('~1', '/').replaceAll('~0', '~');
}
