import { createHash } from 'node:crypto';
import type { Message } from '@vrsky/runtime';
import { checkRelativePath, isName, join, nameOf, parentOf } from '../paths.ts';
import { invalid } from '../remote/server.ts';
import { type Lookup, Template } from '../template.ts';
import type { OutgoingSettings } from './settings.ts';

const MAX_NAME_BYTES = 255;
const OF_MESSAGE = ['id', 'headers.', 'metadata.', 'timestamp', 'date'];
const METADATA = [
  'customerId',
  'tenantId',
  'integrationId',
  'source',
  'destination',
  'correlationId',
  'traceId',
] as const;

/** Where a message goes. All paths are absolute. */
export interface Names {
  readonly target: string;
  /** Undefined = it is written in place. */
  readonly temp: string | undefined;
  readonly marker: string | undefined;
}

/** Makes the paths of a message's files, from templates that were checked before. */
export class Naming {
  readonly #file: Template;
  readonly #temp: Template | undefined;
  readonly #marker: Template | undefined;

  /** @throws PluginError INVALID_CONFIG */
  constructor({ fileNameTemplate, tempName, doneFile, ifExists, verify }: OutgoingSettings) {
    const beside = ['name', ...OF_MESSAGE];
    const isInPlace = tempName === '' || ifExists === 'append';
    this.#file = new Template(fileNameTemplate, OF_MESSAGE, 'settings.fileNameTemplate');
    this.#temp = isInPlace ? undefined : new Template(tempName, beside, 'settings.tempName');
    this.#marker =
      doneFile === undefined ? undefined : new Template(doneFile, beside, 'settings.doneFile');
    if (tempName === '' && verify === 'none' && ifExists !== 'append') {
      throw invalid(
        'settings.verify',
        '"none" without settings.tempName would leave half files under their names when a transfer breaks',
      );
    }
    if (ifExists === 'append' && verify === 'hash') {
      throw invalid('settings.verify', '"hash" does not go with settings.ifExists: append');
    }
  }

  /** @throws PluginError INVALID_MESSAGE: a value is missing, or the path leads elsewhere */
  namesFor(message: Message, root: string): Names {
    const lookup = lookupOf(message);
    const target = join(root, checkRelativePath(this.#file.render(lookup)));
    const beside: Lookup = (variable) => {
      if (variable === 'name') return nameOf(target);
      return variable === 'id' ? safeId(message.id) : lookup(variable);
    };
    const sibling = (template: Template | undefined): string | undefined =>
      template && join(parentOf(target), fitting(template.render(beside), message.id));
    return { target, temp: sibling(this.#temp), marker: sibling(this.#marker) };
  }
}

function lookupOf({ id, headers, metadata, timestamp }: Message): Lookup {
  return (variable) => {
    if (variable === 'id') return id;
    if (variable === 'date') return new Date().toISOString();
    if (variable === 'timestamp') return timestamp?.toString();
    if (variable.startsWith('headers.')) return headers[variable.slice('headers.'.length)];
    const field = METADATA.find((one) => `metadata.${one}` === variable);
    return field && metadata[field];
  };
}

/** An id that can be part of a name. */
function safeId(id: string): string {
  return /^[A-Za-z0-9._-]{1,80}$/.test(id) ? id : digest(id);
}

/** A name that is too long becomes a short one, which is the same for the same message. */
function fitting(name: string, id: string): string {
  if (isName(name) && Buffer.byteLength(name) <= MAX_NAME_BYTES) return name;
  if (isName(name)) return `.${digest(name + id)}.part`;
  return checkRelativePath(name);
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}
