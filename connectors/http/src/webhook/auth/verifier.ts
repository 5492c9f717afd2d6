import type { IncomingMessage } from 'node:http';
import type { EventId } from '../event-id.ts';

/** A header in lower case, or a parameter of the query. */
export type SecretPlace = { readonly header: string } | { readonly parameter: string };

/** One way to tell whether a request comes from whom it claims. Made once per connection. */
export interface Verifier {
  /** Signatures are of the body; everything else is asked before the body is read. */
  readonly needsBody: boolean;
  /**
   * Called for many requests side by side. Refuses with false and never says why: that would help to
   * forge. Rejects when it cannot tell now, such as without the issuer's keys: answered 503.
   * @param body the bytes as they came; empty unless `needsBody`
   */
  verify(request: IncomingMessage, body: Uint8Array): boolean | Promise<boolean>;
  /** What a refused sender is told in WWW-Authenticate. */
  readonly challenge?: string;
  /** Where a sender with this scheme tells the id of its event. */
  readonly eventId?: EventId;
  /** The answer to a body by which the sender only checks that we are there; undefined = an event. */
  readonly handshake?: (body: Uint8Array) => string | undefined;
  /** Where the request carries the secret itself: it is not handed on. */
  readonly secrets?: readonly SecretPlace[];
}

/** Passes if all of one group do; the groups are asked in order. */
export function anyOf(groups: readonly (readonly Verifier[])[]): Verifier {
  const all = groups.flat();
  const { eventId } = all.find((one) => one.eventId) ?? {};
  const { handshake } = all.find((one) => one.handshake) ?? {};
  const challenge = all.flatMap((one) => one.challenge ?? []).join(', ');
  return {
    needsBody: all.some(({ needsBody }) => needsBody),
    ...(challenge && { challenge }),
    ...(eventId && { eventId }),
    ...(handshake && { handshake }),
    secrets: all.flatMap(({ secrets = [] }) => secrets),
    async verify(request, body) {
      for (const group of groups) {
        if (await verifyAll(group, request, body)) return true;
      }
      return false;
    },
  };
}

/** Passes if all of them do. */
export async function verifyAll(
  verifiers: readonly Verifier[],
  request: IncomingMessage,
  body: Uint8Array,
): Promise<boolean> {
  for (const verifier of verifiers) {
    if (!(await verifier.verify(request, body))) return false;
  }
  return true;
}
