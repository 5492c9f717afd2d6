import { type Static, type TProperties, Type } from 'typebox';
import { DURATION_PATTERN } from './duration.ts';
import { LOG_LEVELS } from './integration.ts';
import { MEMORY_PATTERN } from './memory.ts';

const Text = Type.String({ minLength: 1 });
const Duration = Type.String({
  pattern: DURATION_PATTERN,
  description: 'a duration such as 500ms, 30s, 2m or 7d',
});
const SecretName = Type.String({
  pattern: '^[A-Za-z][A-Za-z0-9_-]{0,99}$',
  description: 'the name of a secret: letters, digits, _ and -',
});

const connection = {
  id: Type.Optional(Text),
  name: Type.Optional(Text),
  type: Text,
  plugin: Text,
  sha256: Type.Optional(
    Type.String({ pattern: '^[0-9a-fA-F]{64}$', description: 'a SHA-256 checksum, 64 hex digits' }),
  ),
  args: Type.Optional(Type.Array(Type.String())),
  memoryLimit: Type.Optional(
    Type.String({ pattern: MEMORY_PATTERN, description: 'bytes, such as 256Mi' }),
  ),
  log: Type.Optional(Type.Enum([...LOG_LEVELS])),
  settings: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  credentials: Type.Optional(Type.Record(Type.String(), Type.String())),
  secrets: Type.Optional(Type.Array(SecretName)),
  timeout: Type.Optional(Duration),
};

const retry = {
  maxRetries: Type.Optional(Type.Integer({ minimum: 0, maximum: 1000 })),
  backoffMultiplier: Type.Optional(Type.Number({ minimum: 1, maximum: 100 })),
  initialBackoff: Type.Optional(Duration),
  maxBackoff: Type.Optional(Duration),
};

const maxStored = {
  messages: Type.Optional(Type.Integer({ minimum: 1, maximum: 100_000_000 })),
  megabytes: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000_000 })),
};

export const INTEGRATION_SCHEMA = strict({
  name: Type.String({
    pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$',
    description: 'a name of letters, digits, dots, _ and -',
  }),
  identity: Type.Optional(strict({ customer: Text, tenant: Text, integration: Text })),
  store: Text,
  maxStored: Type.Optional(strict(maxStored)),
  incoming: strict(connection),
  outgoing: strict({
    ...connection,
    retry: Type.Optional(strict(retry)),
    outageLimit: Type.Optional(Duration),
  }),
  concurrency: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
  deadLetters: Type.Optional(strict({ retention: Type.Optional(Duration) })),
});

/** An object in which a key that nobody knows is a mistake. */
function strict<P extends TProperties>(properties: P) {
  return Type.Object(properties, { additionalProperties: false });
}

/** The file's content, once {@link INTEGRATION_SCHEMA} has passed it. */
export type IntegrationFile = Static<typeof INTEGRATION_SCHEMA>;
export type ConnectionEntry = IntegrationFile['incoming'];
export type RetryEntry = NonNullable<IntegrationFile['outgoing']['retry']>;
