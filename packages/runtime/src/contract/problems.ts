import type { TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { closest } from './closest.ts';

/** One thing that is wrong with a value. */
export interface Problem {
  /** The way to it: keys, and indexes as text. */
  readonly steps: readonly string[];
  /** What was expected there, and a suggestion; never the value, which may be a secret gone astray. */
  readonly text: string;
}

/** What is wrong with a value, at most one problem per place. */
export function findProblems(schema: TSchema, value: unknown): Problem[] {
  const problems = new Map<string, Problem>();
  const add = (steps: readonly string[], text: string): void => {
    const place = steps.join('/');
    if (!problems.has(place)) problems.set(place, { steps, text });
  };
  for (const error of Value.Errors(schema, value)) {
    const steps = error.instancePath.split('/').slice(1).map(unescapeStep);
    if (error.keyword === 'additionalProperties') {
      const known = Object.keys(schemaAt(schema, steps)?.properties ?? {});
      for (const key of error.params.additionalProperties) {
        add([...steps, key], unknownKey(key, known));
      }
    } else if (error.keyword === 'required') {
      for (const key of error.params.requiredProperties) {
        const missing = [...steps, key];
        add(missing, `is missing; expected ${expectation(schemaAt(schema, missing))}`);
      }
    } else if (error.keyword !== 'boolean') {
      const node = schemaAt(schema, steps);
      add(steps, `expected ${expectation(node)}${quotes(node, valueAt(value, steps))}`);
    }
  }
  return [...problems.values()];
}

/** Those parts of a JSON Schema that tell what is expected. */
interface Node {
  readonly type?: string;
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly { readonly const?: unknown }[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly pattern?: string;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly patternProperties?: Readonly<Record<string, Node>>;
  readonly items?: Node;
}

function schemaAt(schema: TSchema, steps: readonly string[]): Node | undefined {
  let node: Node | undefined = schema;
  for (const step of steps) {
    node =
      node?.properties?.[step] ?? node?.items ?? Object.values(node?.patternProperties ?? {})[0];
  }
  return node;
}

function valueAt(value: unknown, steps: readonly string[]): unknown {
  let here = value;
  for (const step of steps) here = (here as Record<string, unknown> | null | undefined)?.[step];
  return here;
}

/** Of a number, or true or false, that was written as a text. */
function quotes({ type = '' }: Node = {}, value: unknown): string {
  if (typeof value !== 'string') return '';
  const kinds: Readonly<Record<string, RegExp>> = {
    integer: /^-?\d+$/,
    number: /^-?\d+(\.\d+)?$/,
    boolean: /^(true|false)$/,
  };
  return kinds[type]?.test(value) ? ', and found a text: leave the quotes out' : '';
}

function expectation(node: Node = {}): string {
  const { type = 'value', minimum, maximum, description } = node;
  const allowed = node.enum ?? node.anyOf?.map((one) => one.const);
  if (allowed?.every((one) => one !== undefined)) {
    return `one of ${allowed.map((one) => JSON.stringify(one)).join(', ')}`;
  }
  let text = `${/^[aeiou]/.test(type) ? 'an' : 'a'} ${type}`;
  if (minimum !== undefined && maximum !== undefined) text += ` from ${minimum} to ${maximum}`;
  else if (minimum !== undefined) text += ` of at least ${minimum}`;
  if (node.minLength === 1) text += ' that is not empty';
  if (description) return `${text} (${description})`;
  return node.pattern ? `${text} that matches ${node.pattern}` : text;
}

function unknownKey(key: string, known: readonly string[]): string {
  const guess = closest(key, known);
  if (guess) return `is not known; did you mean "${guess}"?`;
  return known.length > 0 ? `is not known; known are ${known.join(', ')}` : 'is not known';
}

function unescapeStep(step: string): string {
  return step.replaceAll('~1', '/').replaceAll('~0', '~');
}
