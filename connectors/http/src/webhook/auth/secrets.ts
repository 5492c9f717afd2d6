import { type Credentials, missingCredential } from '../../credentials.ts';

/**
 * All secrets that are valid now: the lines of the credential, and of NAME_previous.
 * @throws PluginError INVALID_CONFIG when there is none
 */
export async function needSecrets(credentials: Credentials, name: string): Promise<string[]> {
  const secrets = await findSecrets(credentials, name);
  if (secrets.length > 0) return secrets;
  throw missingCredential(name);
}

/** As `needSecrets`; empty when there is none. */
export async function findSecrets(credentials: Credentials, name: string): Promise<string[]> {
  const [current = '', previous = ''] = await Promise.all([
    credentials.find(name),
    credentials.find(`${name}_previous`),
  ]);
  const lines = [current, previous]
    .flatMap((value) => value.split('\n'))
    .map((line) => line.trim())
    .filter((line) => line !== '');
  for (const line of lines) credentials.hide(line);
  return lines;
}
