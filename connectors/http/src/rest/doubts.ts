import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { ConnectionConfig } from '@vrsky/runtime';
import type { AddressGuard } from './address-guard.ts';
import type { RestSettings } from './settings.ts';
import type { Setup } from './setup.ts';
import { certificateWarnings } from './tls.ts';

/** What is doubtful about a configuration that can be used, for Validate. */
export async function findDoubts(
  { settings, credentials }: ConnectionConfig<RestSettings>,
  { target, guard }: Setup,
): Promise<string[]> {
  const names = await Promise.all(target.origins.map((origin) => nameDoubts(origin, guard)));
  const { basic, bearer, apiKey, oauth2 } = settings.auth;
  const proven = basic ?? bearer ?? apiKey ?? oauth2;
  const insecure = [...target.origins, oauth2?.tokenUrl].some(
    (url) => url && URL.parse(String(url))?.protocol === 'http:',
  );
  return [
    ...names.flat(),
    ...(insecure && proven ? ['settings: the credentials travel unencrypted; use https'] : []),
    ...certificateWarnings(credentials),
  ];
}

/** A proxy may know better, so these are no errors. */
async function nameDoubts({ hostname }: URL, guard: AddressGuard): Promise<string[]> {
  if (isIP(hostname.replace(/^\[(.*)\]$/, '$1'))) return [];
  try {
    const addresses = await lookup(hostname, { all: true });
    if (addresses.every(({ address }) => guard.allows(address))) return [];
    return [
      `settings.url: ${hostname} leads to an address that settings.ssrf does not allow: sends are refused`,
    ];
  } catch {
    return [`settings.url: the host name ${hostname} does not resolve now`];
  }
}
