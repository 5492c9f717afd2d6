import { type ConnectionConfig, PluginError, Secrets } from '@vrsky/runtime';
import type { Connection, Integration } from './integration.ts';
import { type ProxySettings, proxySettings } from './proxy.ts';

const REFERENCE = /\$\{SECRET:([^}]*)(\}?)/g;
const NAME = /^[A-Za-z][A-Za-z0-9_-]{0,99}$/;
/** Shells and other tools would replace this; here it would be sent as it is. */
const VARIABLE = /\$\{([A-Za-z_][A-Za-z0-9_]*)\}/;

export type Environment = Readonly<Record<string, string | undefined>>;

/** One connection's secrets, in clear: never log them. */
export interface ResolvedConnection {
  readonly config: ConnectionConfig;
  /** What GetSecret may give, by name. */
  readonly secrets: ReadonlyMap<string, string>;
  readonly proxy: ProxySettings;
  /** Takes the integration's secrets out of a text. */
  readonly redact: (text: string) => string;
}

/**
 * Puts the environment's secrets in place: `orders-key` is `VRSKY_SECRET_ORDERS_KEY`.
 * @param hidden gets every secret value of the connection, those that stand in the file too
 * @throws PluginError INVALID_CONFIG naming the path and the variable to set
 */
export function resolveSecrets(
  integration: Integration,
  connection: Connection,
  env: Environment,
  hidden: Secrets = new Secrets(),
): ResolvedConnection {
  const fail = (path: string, text: string): never => {
    const place = integration.locate(path);
    throw new PluginError('INVALID_CONFIG', `${place}: ${path}: ${text}`, { field: path });
  };
  const secret = (name: string, path: string): string => {
    const variable = variableOf(name);
    const value = env[variable];
    return (
      value ?? fail(path, `there is no secret "${name}"; set the environment variable ${variable}`)
    );
  };
  const { direction } = connection;
  hideLiterals(hidden, connection);
  const entries = Object.entries(connection.credentials).map(([key, text]): [string, string] => {
    const path = `${direction}.credentials.${key}`;
    const [, name] = VARIABLE.exec(text) ?? [];
    if (name) {
      const better = `write \${SECRET:${name}}, which is the environment variable ${variableOf(name)}`;
      fail(path, `\${${name}} looks like a variable, and would be sent as it is; ${better}`);
    }
    const value = text.replace(REFERENCE, (_, referred: string, end: string) => {
      if (!end || !NAME.test(referred)) fail(path, 'a secret is written as ${SECRET:name}');
      return secret(referred, path);
    });
    return [key, value];
  });
  const credentials = Object.fromEntries(entries);
  const secrets = new Map(
    connection.secrets.map((name, index) => [name, secret(name, `${direction}.secrets.${index}`)]),
  );
  const proxy = proxySettings(env);
  hidden.addCredentials(credentials);
  hidden.addCredentials(proxy.credentials);
  for (const value of secrets.values()) hidden.add(value);
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
    proxy,
    redact: (text) => hidden.redact(text),
  };
}

/** A credential that stands in the file as it is, and is as secret as one of the environment. */
export function hideLiterals(hidden: Secrets, { credentials }: Connection): void {
  const literals = Object.entries(credentials).filter(([, text]) => !text.includes('${'));
  hidden.addCredentials(Object.fromEntries(literals));
}

function variableOf(name: string): string {
  return `VRSKY_SECRET_${name.toUpperCase().replaceAll('-', '_')}`;
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
