import { createHash } from 'node:crypto';
import { type Message, PluginError } from '@vrsky/runtime';
import { checkJoinable, joinPayloads } from './batch.ts';
import { messageHeaders, type OperatorHeaders, USER_AGENT } from './request.ts';
import type { RestSettings } from './settings.ts';
import type { Location, Target } from './target.ts';

/** One request, and the messages that it carries. */
export interface RestRequest extends Location {
  readonly messages: readonly Message[];
  /** The same in every attempt at the same messages; it is what is signed. */
  readonly id: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | undefined;
}

/** A message that no request can be made of. */
export interface Unsendable {
  readonly messages: readonly [Message];
  readonly error: PluginError;
}

export type Composer = (batch: readonly Message[]) => (RestRequest | Unsendable)[];

/** Makes the requests for messages: one each, or as few as the batch settings allow. */
export function createComposer(
  settings: RestSettings,
  target: Target,
  operators: OperatorHeaders,
): Composer {
  const single = (message: Message): RestRequest => ({
    ...target.locate(message),
    messages: [message],
    id: message.id,
    headers: messageHeaders(message, operators(message)),
    body: settings.method === 'GET' ? undefined : message.payload,
  });
  if (settings.batch.mode === 'none') {
    return (batch) => batch.map((message) => attempt(message, single));
  }
  return (batch) => composeBatch(batch, settings.batch, target, operators);
}

interface Group {
  readonly location: Location;
  readonly headers: Readonly<Record<string, string>>;
  messages: Message[];
  bytes: number;
}

function composeBatch(
  batch: readonly Message[],
  settings: RestSettings['batch'],
  target: Target,
  operators: OperatorHeaders,
): (RestRequest | Unsendable)[] {
  const units: (RestRequest | Unsendable)[] = [];
  const open = new Map<string, Group>();
  const close = (group: Group): void => void units.push(together(group, settings.mode));
  for (const message of batch) {
    const part = attempt(message, (one) => {
      checkJoinable(one);
      return { location: target.locate(one), headers: operators(one) };
    });
    if ('error' in part) {
      units.push(part);
      continue;
    }
    const { location, headers } = part;
    const key = JSON.stringify([message.metadata.customerId, location, headers]);
    const { length } = message.payload;
    let group = open.get(key);
    if (
      group &&
      (group.messages.length >= settings.maxCount || group.bytes + length > settings.maxBytes)
    ) {
      close(group);
      group = undefined;
    }
    if (!group) {
      group = { location, headers, messages: [], bytes: 0 };
      open.set(key, group);
    }
    group.messages.push(message);
    group.bytes += length;
  }
  for (const group of open.values()) close(group);
  return units;
}

function together(
  { location, headers, messages }: Group,
  mode: RestSettings['batch']['mode'],
): RestRequest {
  const hash = createHash('sha256');
  for (const { id } of messages) hash.update(`${id.length}:${id}`);
  const id = `batch-${hash.digest('hex')}`;
  const own = {
    'user-agent': USER_AGENT,
    'content-type': mode === 'ndjson' ? 'application/x-ndjson' : 'application/json',
    'idempotency-key': id,
  };
  const body = joinPayloads(messages, mode);
  return { ...location, messages, id, headers: { ...own, ...headers }, body };
}

/** What is wrong with a message is its own failure, and nobody else's. */
function attempt<T>(message: Message, compose: (message: Message) => T): T | Unsendable {
  try {
    return compose(message);
  } catch (error) {
    return { messages: [message], error: PluginError.from(error) };
  }
}
