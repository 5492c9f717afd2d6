import type { PluginMetadata } from '@vrsky/runtime';

/** Those parts of a ConfigSchema that the host reads. */
interface TypeSchema {
  readonly title?: string;
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly $defs?: {
    readonly credentials?: { readonly properties?: Readonly<Record<string, unknown>> };
  };
}

/** Whether the schema of this type describes all these credentials, and at least one. */
export function knowsCredentials(
  metadata: PluginMetadata,
  type: string,
  names: readonly string[],
): boolean {
  const known = schemaOf(metadata, type)?.$defs?.credentials?.properties ?? {};
  return names.length > 0 && names.every((name) => name in known);
}

/** Whether the type's Validate reaches the endpoint, unless the setting `probe` is false. */
export function hasProbe(metadata: PluginMetadata, type: string): boolean {
  return 'probe' in (schemaOf(metadata, type)?.properties ?? {});
}

/** A connector of two directions has a schema for each, titled with its types. */
function schemaOf({ configSchema }: PluginMetadata, type: string): TypeSchema | undefined {
  let schema: TypeSchema & { readonly anyOf?: readonly TypeSchema[] };
  try {
    schema = JSON.parse(configSchema) as TypeSchema;
  } catch {
    // A connector may come without one.
    return undefined;
  }
  const sides = schema.anyOf ?? [schema];
  return sides.find(({ title }) => title?.split(', ').includes(type)) ?? sides[0];
}
