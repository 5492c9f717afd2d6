import { PluginError } from '@vrsky/runtime';
import type { Credentials } from '../credentials.ts';
import { isSendable } from '../headers.ts';
import { addressRule } from './addresses.ts';
import { createVerifiers } from './auth/create.ts';
import type { Verifier } from './auth/verifier.ts';
import { DEFAULT_EVENT_ID, type EventId } from './event-id.ts';
import { RateLimit } from './rate-limit.ts';
import type { RouteSettings } from './route-settings.ts';
import type { WebhookSettings } from './settings.ts';

/** What a request for one path has to fulfil, and how it is answered. */
export interface Route {
  readonly path: string;
  readonly methods: readonly string[];
  /** Without routes in the settings there is one for everything, and nothing to tell of it. */
  readonly named: boolean;
  /** All are asked before the body is read. */
  readonly headVerifiers: readonly Verifier[];
  /** All are asked when it is. */
  readonly bodyVerifiers: readonly Verifier[];
  readonly admits: (address: string) => boolean;
  readonly rateLimit: { readonly key: string; readonly counter: RateLimit } | undefined;
  readonly takesType: (contentType: string) => boolean;
  readonly bodyLimitBytes: number;
  readonly ackMode: WebhookSettings['ackMode'];
  readonly ackTimeoutMs: number;
  readonly success: WebhookSettings['success'];
  readonly eventId: EventId;
}

const DEFAULT_ACK_TIMEOUT_MS = 10_000;
/** Below the time that these senders wait. */
const ACK_TIMEOUTS_MS = { slack: 2500, shopify: 4500, github: 9000 } as const;

interface Place {
  readonly own: Partial<RouteSettings>;
  /** Where its settings stand. */
  readonly field: string;
}

/**
 * All routes, with what holds for the whole webhook filled in.
 * @throws PluginError INVALID_CONFIG
 */
export function createRoutes(
  settings: WebhookSettings,
  credentials: Credentials,
): Promise<readonly Route[]> {
  return Promise.all(placesOf(settings).map((place) => createRoute(settings, place, credentials)));
}

/** The longest time that the host may have for a message. */
export function longestAckTimeout(settings: WebhookSettings): number {
  return Math.max(...placesOf(settings).map(({ own }) => ackTimeoutOf(settings, own)));
}

/** Paths that anybody may call who reaches the port. */
export function openPaths(settings: WebhookSettings): string[] {
  const isOpen = ({ own }: Place): boolean => Object.keys(own.auth ?? settings.auth).length === 0;
  return placesOf(settings)
    .filter(isOpen)
    .map(({ own }) => own.path ?? '*');
}

function placesOf({ routes }: WebhookSettings): Place[] {
  if (!routes) return [{ own: {}, field: 'settings' }];
  return routes.map((own, i) => ({ own, field: `settings.routes[${i}]` }));
}

async function createRoute(
  settings: WebhookSettings,
  { own, field }: Place,
  credentials: Credentials,
): Promise<Route> {
  const fieldOf = (name: keyof RouteSettings): string =>
    `${own[name] === undefined ? 'settings' : field}.${name}`;
  const verifiers = await createVerifiers(own.auth ?? settings.auth, {
    credentials,
    tolerance: settings.replay,
    field: fieldOf('auth'),
  });
  const rateLimit = own.rateLimit ?? settings.rateLimit;
  const success = own.success ?? settings.success;
  checkHeaders(success.headers, `${fieldOf('success')}.headers`);
  return {
    path: own.path ?? '*',
    methods: own.methods ?? ['POST'],
    named: own.path !== undefined,
    headVerifiers: verifiers.filter(({ needsBody }) => !needsBody),
    bodyVerifiers: verifiers.filter(({ needsBody }) => needsBody),
    admits: addressRule(
      { networks: own.ipAllow ?? settings.ipAllow, field: fieldOf('ipAllow') },
      { networks: own.ipDeny ?? settings.ipDeny, field: fieldOf('ipDeny') },
    ),
    rateLimit: rateLimit && {
      key: rateLimit.key.toLowerCase(),
      counter: new RateLimit(rateLimit),
    },
    takesType: typeMatcher(own.contentTypes ?? settings.contentTypes),
    bodyLimitBytes: own.bodyLimitBytes ?? settings.bodyLimitBytes,
    ackMode: own.ackMode ?? settings.ackMode,
    ackTimeoutMs: ackTimeoutOf(settings, own),
    success,
    eventId:
      eventIdOf(own.eventId ?? settings.eventId) ??
      verifiers.find(({ eventId }) => eventId)?.eventId ??
      DEFAULT_EVENT_ID,
  };
}

function ackTimeoutOf(settings: WebhookSettings, own: Partial<RouteSettings>): number {
  const set = own.ackTimeoutMs ?? settings.ackTimeoutMs;
  if (set !== undefined) return set;
  const auth = own.auth ?? settings.auth;
  const asked = [auth, ...(auth.anyOf ?? [])];
  const limits = Object.entries(ACK_TIMEOUTS_MS).filter(([name]) =>
    asked.some((schemes) => name in schemes),
  );
  return Math.min(DEFAULT_ACK_TIMEOUT_MS, ...limits.map(([, ms]) => ms));
}

function eventIdOf({ header, jsonPointer }: RouteSettings['eventId'] = {}): EventId | undefined {
  if (header !== undefined) return { header: header.toLowerCase() };
  return jsonPointer === undefined ? undefined : { jsonPointer };
}

function typeMatcher(types: readonly string[]): (contentType: string) => boolean {
  const known = new Set(types.map((type) => type.toLowerCase()));
  if (known.has('*/*')) return () => true;
  return (contentType) => {
    const type = contentType.split(';', 1)[0]?.trim().toLowerCase() ?? '';
    return known.has(type) || known.has(`${type.split('/', 1)[0]}/*`);
  };
}

function checkHeaders(headers: Readonly<Record<string, string>>, field: string): void {
  for (const [name, value] of Object.entries(headers)) {
    if (isSendable(name, value)) continue;
    const path = `${field}.${name}`;
    const text = `${JSON.stringify(path)}: expected a header name and a value without control characters`;
    throw new PluginError('INVALID_CONFIG', text, { field: path });
  }
}
