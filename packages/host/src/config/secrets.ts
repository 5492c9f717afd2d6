import { type ConnectionConfig, PluginError, Secrets } from '@vrsky/runtime';
import type { Connection, Integration } from './integration.ts';

const REFERENCE = /\$\{SECRET:([^}]*)(\}?)/g;
const NAME = /^[A-Za-z][A-Za-z0-9_-]{0,99}$/;

/** One connection's secrets, in clear: never log them. */
export interface ResolvedConnection {
  readonly config: ConnectionConfig;
  /** What GetSecret may give, by name. */
  readonly secrets: ReadonlyMap<string, string>;
  /** Takes this connection's secrets out of a text that its connector wrote. */
  readonly redact: (text: string) => string;
}

/**
 * Puts the environment's secrets in place: `orders-key` is `VRSKY_SECRET_ORDERS_KEY`.
 * @throws PluginError INVALID_CONFIG naming the path and the variable to set
 */
export function resolveSecrets(
  integration: Integration,
  connection: Connection,
  env: Readonly<Record<string, string | undefined>>,
): ResolvedConnection {
  const fail = (path: string, text: string): never => {
    const place = integration.locate(path);
    throw new PluginError('INVALID_CONFIG', `${place}: ${path}: ${text}`, { field: path });
  };
  const secret = (name: string, path: string): string => {
    const variable = `VRSKY_SECRET_${name.toUpperCase().replaceAll('-', '_')}`;
    const value = env[variable];
    return (
      value ?? fail(path, `there is no secret "${name}"; set the environment variable ${variable}`)
    );
  };
  const { direction } = connection;
  const entries = Object.entries(connection.credentials).map(([key, text]): [string, string] => [
    key,
    text.replace(REFERENCE, (_, name: string, end: string) => {
      const path = `${direction}.credentials.${key}`;
      if (!end || !NAME.test(name)) fail(path, 'a secret is written as ${SECRET:name}');
      return secret(name, path);
    }),
  ]);
  const credentials = Object.fromEntries(entries);
  const secrets = new Map(
    connection.secrets.map((name, index) => [name, secret(name, `${direction}.secrets.${index}`)]),
  );
  const values = new Secrets();
  values.addCredentials(credentials);
  for (const value of secrets.values()) values.add(value);
  return {
    config: {
      id: connection.id,
      name: connection.name,
      type: connection.type,
      settings: connection.settings,
      credentials,
      timeout: Temporal.Duration.from({ milliseconds: connection.timeoutMs }),
      retryPolicy: connection.retryPolicy,
    },
    secrets,
    redact: (text) => values.redact(text),
  };
}

/** Path of the first text in `value` that holds a secret reference, where none may be. */
export function findSecretReference(value: unknown, steps: string[]): string[] | undefined {
  if (typeof value === 'string') return value.includes('${SECRET:') ? steps : undefined;
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, item] of Object.entries(value)) {
    const found = findSecretReference(item, [...steps, key]);
    if (found) return found;
  }
  return undefined;
}
