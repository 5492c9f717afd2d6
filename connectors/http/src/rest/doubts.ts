import type { ConnectionConfig } from '@vrsky/runtime';
import { unusedCredentials } from '../credentials.ts';
import { credentialsOf } from './credential-names.ts';
import type { RestSettings } from './settings.ts';
import type { Setup } from './setup.ts';
import { certificateWarnings } from './tls.ts';

/** What is doubtful about a configuration that can be used, for Validate. */
export function findDoubts(
  { settings, credentials }: ConnectionConfig<RestSettings>,
  { target }: Setup,
): string[] {
  const { basic, bearer, apiKey, oauth2 } = settings.auth;
  const proven = basic ?? bearer ?? apiKey ?? oauth2;
  const insecure = [...target.origins, oauth2?.tokenUrl].some(
    (url) => url && URL.parse(String(url))?.protocol === 'http:',
  );
  return [
    ...(insecure && proven ? ['settings: the credentials travel unencrypted; use https'] : []),
    ...certificateWarnings(credentials),
    ...unusedCredentials(credentials, credentialsOf(settings)),
  ];
}
