import { type Message, PluginError } from '@vrsky/runtime';
import type { RestSettings } from './settings.ts';

export type BatchMode = RestSettings['batch']['mode'];

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const OPEN = Buffer.from('[');
const COMMA = Buffer.from(',');
const CLOSE = Buffer.from(']');
const NEWLINE = Buffer.from('\n');
const SPACE = 0x20;

/**
 * Checks that a payload can be one of several: anything but JSON would spoil its neighbours.
 * @throws PluginError INVALID_MESSAGE
 */
export function checkJoinable({ payload }: Message): void {
  try {
    JSON.parse(UTF8.decode(payload));
  } catch {
    // The parser's own text would quote the payload.
    const text = 'payload: expected JSON, because settings.batch joins it with others';
    throw new PluginError('INVALID_MESSAGE', text, { field: 'payload' });
  }
}

/** Payloads as one JSON array, or one a line; the values in them stay byte for byte as they are. */
export function joinPayloads(messages: readonly Message[], mode: BatchMode): Buffer {
  const parts: Uint8Array[] = [];
  for (const { payload } of messages) {
    if (mode === 'ndjson') parts.push(onOneLine(payload), NEWLINE);
    else parts.push(parts.length === 0 ? OPEN : COMMA, payload);
  }
  if (mode === 'json-array') parts.push(CLOSE);
  return Buffer.concat(parts);
}

/** In JSON a line break stands only between values, where a space means the same. */
function onOneLine(json: Uint8Array): Uint8Array {
  if (!json.includes(0x0a) && !json.includes(0x0d)) return json;
  return json.map((byte) => (byte === 0x0a || byte === 0x0d ? SPACE : byte));
}
