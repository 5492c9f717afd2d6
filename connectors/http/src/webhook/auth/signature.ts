import { createHmac } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { EventId } from '../event-id.ts';
import { SecretSet } from './constant-time.ts';
import { isFresh, type Tolerance } from './timestamp.ts';
import type { Verifier } from './verifier.ts';

/** How a sender signs its bodies with HMAC: all that the schemes differ in. */
export interface SignatureScheme {
  /** Header with the signature, in lower case. */
  readonly header: string;
  readonly algorithm: 'sha1' | 'sha256' | 'sha384' | 'sha512';
  readonly encoding: 'hex' | 'base64';
  /** What stands before a signature; what lacks it is another kind of thing. */
  readonly prefix: string;
  /** What stands between the items of the header; '' = there is one. */
  readonly separator: string;
  /** What is signed, of `{body}`, `{timestamp}` and `{id}`. */
  readonly template: string;
  /** Where `{timestamp}` is: a header, or an item of the signature's header. It must be of now. */
  readonly timestamp?: { readonly header: string } | { readonly prefix: string };
  /** Where `{id}` is. */
  readonly idHeader?: string;
  /** Where the id of the event is; default: `{id}`. */
  readonly eventId?: EventId;
}

/** Senders list a few signatures while they change a secret; more only cost us time. */
const MOST_ITEMS = 16;

/** Passes what was signed with one of the secrets. */
export function signatureVerifier(
  scheme: SignatureScheme,
  secrets: readonly (string | Uint8Array)[],
  tolerance: Tolerance,
): Verifier {
  const pieces = scheme.template.split(/(\{(?:body|timestamp|id)\})/);
  const { idHeader } = scheme;
  const eventId = scheme.eventId ?? (idHeader ? { header: idHeader } : undefined);

  const sign = (secret: string | Uint8Array, parts: Parts): string => {
    const hmac = createHmac(scheme.algorithm, secret);
    for (const piece of pieces) hmac.update(parts[piece] ?? piece);
    return hmac.digest(scheme.encoding);
  };

  return {
    needsBody: true,
    ...(eventId && { eventId }),
    verify({ headers }, body) {
      const items = itemsOf(headers[scheme.header], scheme.separator);
      const timestamp = timestampOf(scheme, headers, items);
      if (timestamp !== undefined && !isFresh(timestamp, tolerance)) return false;
      const id = idHeader ? headers[idHeader] : '';
      // A dot would let a part of the id pose as the timestamp.
      if (typeof id !== 'string' || (idHeader && !/^[^.]+$/.test(id))) return false;
      const parts = { '{body}': body, '{timestamp}': timestamp ?? '', '{id}': id };
      const expected = new SecretSet(secrets.map((secret) => sign(secret, parts)));
      let found = false;
      for (const item of items) {
        if (!item.startsWith(scheme.prefix)) continue;
        const signature = item.slice(scheme.prefix.length);
        if (expected.has(scheme.encoding === 'hex' ? signature.toLowerCase() : signature)) {
          found = true;
        }
      }
      return found;
    },
  };
}

type Parts = Readonly<Record<string, string | Uint8Array>>;

/** Node joins a header that comes twice with ", ", so that it no longer is a signature. */
function itemsOf(value: string | string[] | undefined, separator: string): string[] {
  if (typeof value !== 'string') return [];
  return separator ? value.split(separator, MOST_ITEMS) : [value];
}

/** undefined = the scheme has none; '' = it is missing, or there are two. */
function timestampOf(
  { timestamp }: SignatureScheme,
  headers: IncomingHttpHeaders,
  items: readonly string[],
): string | undefined {
  if (!timestamp) return undefined;
  if ('header' in timestamp) {
    const value = headers[timestamp.header];
    return typeof value === 'string' ? value : '';
  }
  const { prefix } = timestamp;
  const [first = '', ...others] = items.filter((item) => item.startsWith(prefix));
  return others.length === 0 ? first.slice(prefix.length) : '';
}
