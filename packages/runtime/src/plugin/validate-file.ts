import { readFile } from 'node:fs/promises';
import { createPluginLogger } from '@vrsky/go-plugin/server';
import { Type } from 'typebox';
import { parse } from 'yaml';
import type { ConnectionConfig, JsonObject } from '../contract/connection-config.ts';
import { PluginError } from '../contract/plugin-error.ts';
import { checkSettings } from '../contract/settings.ts';
import type { Connector } from './connector.ts';
import { createConnectorHost } from './connector-host.ts';
import { Lifecycle } from './lifecycle.ts';
import { secrets } from './secrets.ts';

const ConnectionFile = Type.Object(
  {
    type: Type.String(),
    settings: Type.Object({}, { default: {} }),
    credentials: Type.Record(Type.String(), Type.String(), { default: {} }),
  },
  { additionalProperties: false },
);

const NO_HOST = { identity: undefined, functions: undefined };
const NO_TIME = Temporal.Duration.from({ seconds: 0 });

/** Validates the connection that a file describes, as a host would; gives warnings. */
export async function validateFile(connector: Connector, file: string): Promise<string[]> {
  const { type, settings, credentials } = checkSettings(ConnectionFile, await read(file), '');
  const config: ConnectionConfig = {
    id: 'validate',
    name: file,
    type,
    settings: settings as JsonObject,
    credentials,
    timeout: NO_TIME,
    retryPolicy: {
      maxRetries: 0,
      backoffMultiplier: 0,
      initialBackoff: NO_TIME,
      maxBackoff: NO_TIME,
    },
  };
  secrets.addCredentials(credentials);
  const log = await createPluginLogger({
    name: connector.metadata.name,
    level: 'warn',
    rewrite: (line) => secrets.redactLine(line),
  });
  const host = createConnectorHost(NO_HOST, log, secrets);
  return new Lifecycle(connector, host, NO_HOST).validate(config, new AbortController().signal);
}

async function read(file: string): Promise<unknown> {
  try {
    return parse(await readFile(file, 'utf8'));
  } catch (error) {
    const text = `cannot be read as YAML or JSON: ${(error as Error).message}`;
    throw new PluginError('INVALID_CONFIG', text, { cause: error });
  }
}
