import { closest, type Message, type MessageMetadata, PluginError } from '@vrsky/runtime';

/** A text with placeholders such as `{{metadata.customerId}}`: always one literal more than those. */
export interface Template {
  readonly literals: readonly string[];
  readonly placeholders: readonly Placeholder[];
}

export interface Placeholder {
  /** As it is written, such as `headers.order-id`. */
  readonly name: string;
  /** The value in a message; empty or undefined = it has none. */
  readonly read: (message: Message) => string | undefined;
}

const PLACEHOLDER = /\{\{(.*?)\}\}/gs;
/** How placeholders are written elsewhere; here they would be sent as they are. */
const OTHER_DIALECT = /\$\{([\w.-]{1,64})\}/;
const CONTROL = /\p{Cc}/u;
const METADATA = [
  'customerId',
  'tenantId',
  'integrationId',
  'source',
  'destination',
  'correlationId',
  'traceId',
] as const satisfies readonly (keyof MessageMetadata)[];

const FIELDS: ReadonlyMap<string, Placeholder['read']> = new Map<string, Placeholder['read']>([
  ['message.id', ({ id }) => id],
  ['message.contentType', ({ contentType }) => contentType],
  ['message.timestamp', ({ timestamp }) => timestamp?.toString()],
  ...METADATA.map((key) => [`metadata.${key}`, ({ metadata }: Message) => metadata[key]] as const),
]);

/**
 * @param field the setting that it stands in, such as `settings.url`
 * @throws PluginError INVALID_CONFIG
 */
export function parseTemplate(text: string, field: string): Template {
  const parts = text.split(PLACEHOLDER);
  const literals = parts.filter((_, i) => i % 2 === 0);
  if (literals.some((literal) => literal.includes('{{'))) {
    throw invalid(field, 'a "}}" after each "{{"');
  }
  const other = literals.map((literal) => OTHER_DIALECT.exec(literal)?.[1]).find((one) => one);
  if (other !== undefined) throw invalid(field, otherDialect(other));
  const names = parts.filter((_, i) => i % 2 === 1);
  return { literals, placeholders: names.map((name) => placeholder(name.trim(), field)) };
}

/**
 * Fills in a message's values.
 * @param escape makes a value safe for its place; must not change the meaning of the value
 * @throws PluginError INVALID_MESSAGE for a value that is missing or has control characters
 */
export function render(
  { literals, placeholders }: Template,
  message: Message,
  escape: (value: string) => string,
): string {
  let text = literals[0] ?? '';
  for (const [i, { name, read }] of placeholders.entries()) {
    const value = read(message);
    if (!value) throw unfit(name, 'the settings need it, and the message has none');
    if (CONTROL.test(value)) throw unfit(name, 'expected no control characters');
    text += escape(value) + (literals[i + 1] ?? '');
  }
  return text;
}

/** A value for one segment of a path, or one value of a query: it cannot become more than that. */
export function escapeUri(value: string): string {
  return encodeURIComponent(value.toWellFormed());
}

function placeholder(name: string, field: string): Placeholder {
  const [, header] = /^headers\.(.+)$/s.exec(name) ?? [];
  if (header !== undefined) {
    return { name, read: ({ headers }) => (Object.hasOwn(headers, header) ? headers[header] : '') };
  }
  const read = FIELDS.get(name);
  if (read) return { name, read };
  const known = [...FIELDS.keys()];
  const guess = closest(name, known);
  const hint = guess ? `; did you mean {{${guess}}}?` : '';
  throw invalid(
    field,
    `placeholders {{${known.join('}}, {{')}}} or {{headers.NAME}}, and found {{${name}}}${hint}`,
  );
}

function otherDialect(name: string): string {
  const known = [...FIELDS.keys()];
  const meant = name.startsWith('headers.')
    ? name
    : (closest(name, known) ?? known.find((one) => one.endsWith(`.${name}`)) ?? 'message.id');
  return `placeholders such as {{${meant}}}, and found \${${name}}`;
}

function invalid(field: string, expected: string): PluginError {
  return new PluginError('INVALID_CONFIG', `${field}: expected ${expected}`, { field });
}

function unfit(field: string, text: string): PluginError {
  return new PluginError('INVALID_MESSAGE', `${field}: ${text}`, { field });
}
