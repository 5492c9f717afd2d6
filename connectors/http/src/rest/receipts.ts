import type { Message } from '@vrsky/runtime';
import type { SendOutcome } from '@vrsky/runtime/plugin';
import type { Answer } from './client.ts';
import type { RestSettings } from './settings.ts';

/** One receipt for each message that a request carried, as its answer has it. */
export function receiptsOf(
  { headers, payload }: Answer,
  messages: readonly Message[],
  { messageIdHeader, messageIdPointer }: RestSettings['response'],
): SendOutcome[] {
  const fromHeader = messageIdHeader && headers[messageIdHeader.toLowerCase()];
  const document = messageIdPointer && payload ? parseJson(payload) : undefined;
  const entries =
    messages.length > 1 && Array.isArray(document) && document.length === messages.length
      ? document
      : undefined;
  return messages.map((message, i) => ({
    messageId:
      fromHeader ||
      (messageIdPointer && textAt(entries ? entries[i] : document, messageIdPointer)) ||
      message.id,
    headers,
    ...(payload && { payload }),
  }));
}

function parseJson(payload: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(payload).toString());
  } catch {
    return undefined;
  }
}

/** The text or number that a JSON Pointer (RFC 6901) leads to; undefined = there is none. */
function textAt(document: unknown, pointer: string): string | undefined {
  let here = document;
  for (const step of pointer.split('/').slice(1)) {
    const key = step.replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, key)) return undefined;
    here = (here as Record<string, unknown>)[key];
  }
  return typeof here === 'string' || typeof here === 'number' ? String(here) : undefined;
}
