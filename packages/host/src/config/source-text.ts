import { PluginError } from '@vrsky/runtime';
import {
  type Document,
  isCollection,
  isMap,
  isScalar,
  LineCounter,
  type Node,
  parseDocument,
} from 'yaml';

const MAX_FILE_CHARACTERS = 1024 * 1024;

/** What the parser's codes mean to whoever wrote the file. */
const FAULTS: Readonly<Record<string, string>> = {
  BAD_INDENT: 'the indentation does not fit the lines around it',
  BLOCK_AS_IMPLICIT_KEY:
    'what follows the key is no value; the lines below it may be indented wrongly',
  DUPLICATE_KEY: 'the same key is there twice',
  MISSING_CHAR: 'a closing quote, bracket or comma is missing, here or before',
  TAB_AS_INDENT: 'the indentation has a tab; use spaces',
  UNEXPECTED_TOKEN: 'something is here that belongs nowhere, such as a bracket too many',
};

export interface SourceText {
  readonly value: unknown;
  /** `FILE:LINE` of the value at `steps`, or of the nearest one around it that is there. */
  readonly locate: (steps: readonly string[]) => string;
}

/** @throws PluginError INVALID_CONFIG with file, line and column where the text is no YAML */
export function parseSource(file: string, text: string): SourceText {
  if (text.length > MAX_FILE_CHARACTERS) {
    throw new PluginError('INVALID_CONFIG', `${file}: is larger than 1 MiB`);
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [error] = document.errors;
  if (error) {
    const { line, col } = lines.linePos(error.pos[0]);
    // The parser's own text may quote the file, secrets included; its code does not.
    const fault = FAULTS[error.code] ?? error.code.toLowerCase().replaceAll('_', ' ');
    throw new PluginError('INVALID_CONFIG', `${file}:${line}:${col}: is not valid YAML: ${fault}`);
  }
  return {
    value: toJson(file, document),
    locate: (steps) => `${file}:${lines.linePos(offsetOf(document, steps)).line || 1}`,
  };
}

function toJson(file: string, document: Document): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch {
    throw new PluginError('INVALID_CONFIG', `${file}: its aliases expand to too much`);
  }
}

function offsetOf(document: Document, steps: readonly string[]): number {
  let offset = 0;
  let node = document.contents as Node | null | undefined;
  for (const step of steps) {
    if (!isCollection(node)) break;
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === step);
      if (!pair) break;
      offset = (pair.key as Node).range?.[0] ?? offset;
      node = pair.value as Node | null;
    } else {
      node = node.items[Number(step)] as Node | undefined;
      offset = node?.range?.[0] ?? offset;
    }
  }
  return offset;
}
