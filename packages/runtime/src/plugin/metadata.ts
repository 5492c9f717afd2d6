import type { TSchema } from 'typebox';
import { PROTOCOL_VERSION } from '../contract/handshake.ts';
import type { PluginMetadata } from '../contract/plugin-metadata.ts';
import type { Connector } from './connector.ts';
import { supportedTypes } from './side.ts';

export function metadataOf(connector: Connector): PluginMetadata {
  const { metadata } = connector;
  return {
    ...metadata,
    capabilities: [...metadata.capabilities, 'streaming'], // the runtime does it for every connector
    protocolVersion: PROTOCOL_VERSION,
    supportedTypes: supportedTypes(connector),
    configSchema: JSON.stringify(schemaOf(connector)),
  };
}

/** JSON Schema of `settings`; with two directions one of the two, each titled with its types. */
export function schemaOf({ incoming, outgoing }: Connector): object {
  const sides = [incoming, outgoing].filter((side) => side !== undefined);
  const schemas = sides.map(({ types, settings, credentials }) => ({
    title: types.join(', '),
    ...withoutRequiredDefaults(settings),
    ...(credentials && { $defs: { credentials: credentialsSchema(credentials.known) } }),
  }));
  const $schema = 'https://json-schema.org/draft/2020-12/schema';
  return schemas.length === 1 ? { $schema, ...schemas[0] } : { $schema, anyOf: schemas };
}

/** Describes the credentials beside the settings: they are no part of them, and so a definition that no setting refers to. */
function credentialsSchema(known: Readonly<Record<string, string>>): object {
  const properties = Object.fromEntries(
    Object.entries(known).map(([name, description]) => [name, { type: 'string', description }]),
  );
  return { type: 'object', properties };
}

/**
 * A setting with a default is always there once the defaults are filled in, and so TypeBox requires
 * it. Whoever writes a configuration may leave it out.
 */
function withoutRequiredDefaults(schema: TSchema): TSchema {
  return JSON.parse(JSON.stringify(schema), (_, value: Partial<JsonObjectSchema> | null) => {
    if (!value?.required || !value.properties) return value;
    const { required, properties } = value;
    const needed = required.filter((key) => properties[key]?.default === undefined);
    return { ...value, required: needed };
  }) as TSchema;
}

interface JsonObjectSchema {
  required: string[];
  properties: Record<string, { default?: unknown }>;
}
