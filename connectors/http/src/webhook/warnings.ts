import type { X509Certificate } from 'node:crypto';
import { parseAddress } from './addresses.ts';
import { openPaths, type Route } from './routes.ts';
import type { WebhookSettings } from './settings.ts';

const DAY_MS = 86_400_000;
const RENEW_DAYS = 14;

/** That anybody may call; undefined = nowhere. */
export function openWarning(settings: WebhookSettings): string | undefined {
  const paths = openPaths(settings);
  if (paths.length === 0) return undefined;
  const where = settings.routes ? ` on ${paths.join(', ')}` : '';
  return `http-webhook takes requests from anybody${where}: it has no authentication`;
}

/** What is legal and may still be a mistake. */
export function settingsWarnings(settings: WebhookSettings, routes: readonly Route[]): string[] {
  const warnings: string[] = [];
  const open = openWarning(settings);
  if (open) warnings.push(open);
  const inClear = !settings.tls && !isLoopback(settings.host);
  if (inClear && routes.some(({ headVerifiers }) => headVerifiers.length > 0)) {
    warnings.push(
      `settings.tls: not set, so passwords and tokens are read by whoever is on the way to ${settings.host}, unless a proxy before it has TLS`,
    );
  }
  if (routes.some(({ ackMode }) => ackMode === 'received')) {
    warnings.push(
      'settings.ackMode: "received" answers before the host has the message: a crash may lose it',
    );
  }
  return warnings;
}

/** What is wrong with the certificate's time, or soon will be. */
export function certificateWarnings(certificate: X509Certificate): string[] {
  const { validFromDate, validToDate } = certificate;
  const now = Date.now();
  const days = Math.floor((validToDate.getTime() - now) / DAY_MS);
  if (validFromDate.getTime() > now) {
    return [
      `credentials.tls_cert: the certificate is not valid before ${validFromDate.toISOString()}`,
    ];
  }
  if (days >= RENEW_DAYS) return [];
  const end = `${days < 0 ? 'expired' : 'expires'} ${validToDate.toISOString()}`;
  return [`credentials.tls_cert: the certificate ${end}; renew it`];
}

/** Whether it works for another day. */
export function isLasting({ validToDate }: X509Certificate): boolean {
  return validToDate.getTime() - Date.now() > DAY_MS;
}

function isLoopback(host: string): boolean {
  const address = parseAddress(host);
  return address ? address.range() === 'loopback' : host === 'localhost';
}
