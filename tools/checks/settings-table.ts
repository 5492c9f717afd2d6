/** The keywords of JSON Schema that settings are described with. */
export interface Schema {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly description?: string;
}

/**
 * A Markdown table with a row for each setting: `routes[].path`, type, default, description. Objects with
 * the same settings as one before are told to be so, and not told again.
 */
export function settingsTable(settings: Schema): string {
  const rows = rowsOf(settings, '', new Map());
  const lines = rows.map(
    (cells) => `| ${cells.map((text) => text.replaceAll('|', '\\|')).join(' | ')} |\n`,
  );
  return `| setting | type | default | what it is |\n| --- | --- | --- | --- |\n${lines.join('')}`;
}

/** Where the settings of an object were told, by the object. */
type Told = Map<string, string>;

function rowsOf(schema: Schema, path: string, told: Told): string[][] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    const here = path + name;
    const required = schema.required?.includes(name) && property.default === undefined;
    const { description = '' } = property;
    const row = [`\`${here}\``, typeOf(property), defaultOf(property, required)];
    const key = keyOf(property);
    const twin = key && told.get(key);
    if (twin) return [[...row, `${description} Has what \`${twin}\` has.`.trim()]];
    if (key) told.set(key, here);
    return [[...row, description], ...partsOf(property, here, told)];
  });
}

/** By which an object with the same settings is found; one without any is like no other. */
function keyOf({ properties = {} }: Schema): string | undefined {
  return Object.keys(properties).length > 0 ? JSON.stringify(properties) : undefined;
}

function partsOf(schema: Schema, here: string, told: Told): string[][] {
  const [byName] = Object.values(schema.patternProperties ?? {});
  return [
    ...rowsOf(schema, `${here}.`, told),
    ...(schema.items ? partsOf(schema.items, `${here}[]`, told) : []),
    ...(byName ? partsOf(byName, `${here}.NAME`, told) : []),
    ...(schema.anyOf ?? []).flatMap((choice) => partsOf(choice, here, told)),
  ];
}

function defaultOf(schema: Schema, required: boolean | undefined): string {
  if (required) return '**required**';
  const { default: value } = schema;
  if (value === undefined || JSON.stringify(value) === '{}') return '';
  return `\`${JSON.stringify(value)}\``;
}

function typeOf(schema: Schema): string {
  const { minimum, maximum } = schema;
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``;
  if (schema.enum) return schema.enum.map((value) => `\`${String(value)}\``).join(', ');
  if (schema.anyOf) return [...new Set(schema.anyOf.map(typeOf))].join(' or ');
  if (schema.items) return `list of ${typeOf(schema.items)}`;
  if (schema.patternProperties) return 'map';
  if (minimum !== undefined && maximum !== undefined)
    return `${schema.type}, ${minimum} to ${maximum}`;
  if (minimum !== undefined) return `${schema.type}, at least ${minimum}`;
  return schema.type ?? 'any';
}
