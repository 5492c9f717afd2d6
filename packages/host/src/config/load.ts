import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import {
  DEFAULT_TIMEOUT_MS,
  findProblems,
  type JsonObject,
  PluginError,
  type RetryPolicy,
} from '@vrsky/runtime';
import { parseDuration } from './duration.ts';
import type { Connection, Direction, Integration } from './integration.ts';
import {
  type ConnectionEntry,
  INTEGRATION_SCHEMA,
  type IntegrationFile,
  type RetryEntry,
} from './schema.ts';
import { findSecretReference } from './secrets.ts';
import { parseSource, type SourceText } from './source-text.ts';

const SHOWN_PROBLEMS = 5;
const MEGABYTE = 1024 * 1024;

/**
 * Reads one integration. Paths in the file are relative to the file; nothing is started or resolved.
 * @throws PluginError INVALID_CONFIG: what is wrong, with file, line and path; no values
 */
export async function loadIntegration(file: string): Promise<Integration> {
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new PluginError('INVALID_CONFIG', `${file}: cannot be read (${cause.code})`, { cause });
  });
  const source = parseSource(file, text);
  check(source);
  const content = source.value as IntegrationFile;
  const folder = dirname(resolve(file));
  const { identity, maxStored } = content;
  const incoming = connection(content, 'incoming', folder, source);
  const outgoing = connection(content, 'outgoing', folder, source);
  if (content.outgoing.retry && content.outgoing.outageLimit !== undefined) {
    const useless = 'has no effect beside retry, which counts every attempt: remove one of them';
    fail(source, ['outgoing', 'outageLimit'], useless);
  }
  if (incoming.id === outgoing.id) {
    fail(source, ['outgoing', 'id'], 'must differ from incoming.id');
  }
  return {
    name: content.name,
    ...(identity && {
      identity: {
        customerId: identity.customer,
        tenantId: identity.tenant,
        integrationId: identity.integration,
      },
    }),
    store: {
      path: resolve(folder, content.store),
      maxMessages: maxStored?.messages ?? 100_000,
      maxBytes: (maxStored?.megabytes ?? 1024) * MEGABYTE,
      retentionMs: parseDuration(content.deadLetters?.retention ?? '7d'),
    },
    incoming,
    outgoing,
    concurrency: content.concurrency ?? 1,
    locate: (path) => source.locate(path.split(/[.[\]]+/).filter(Boolean)),
  };
}

function fail(source: SourceText, steps: readonly string[], text: string): never {
  const path = steps.join('.');
  throw new PluginError('INVALID_CONFIG', `${source.locate(steps)}: ${path}: ${text}`, {
    field: path,
  });
}

function check(source: SourceText): void {
  const problems = findProblems(INTEGRATION_SCHEMA, source.value);
  const [first] = problems;
  if (!first) return;
  const lines = problems.slice(0, SHOWN_PROBLEMS).map(({ steps, text }) => {
    // The descriptions of this schema say all of it, and most of what is wrong is a string.
    const expected = text.replace(/^expected a string \((.+)\)$/, 'expected $1');
    return `${source.locate(steps)}: ${steps.join('.') || 'the file'}: ${expected}`;
  });
  const rest = problems.length - lines.length;
  if (rest > 0) lines.push(`and ${rest} more`);
  throw new PluginError('INVALID_CONFIG', lines.join('\n'), { field: first.steps.join('.') });
}

function connection(
  content: IntegrationFile,
  direction: Direction,
  folder: string,
  source: SourceText,
): Connection {
  const entry: ConnectionEntry = content[direction];
  const leak = findSecretReference(entry.settings, [direction, 'settings']);
  if (leak) fail(source, leak, `secrets belong into ${direction}.credentials, not into settings`);
  const id = entry.id ?? `${content.name}-${direction}`;
  return {
    direction,
    id,
    name: entry.name ?? id,
    type: entry.type,
    command: resolve(folder, entry.plugin),
    args: entry.args ?? [],
    ...(entry.sha256 && { sha256: entry.sha256 }),
    ...(entry.memoryLimit && { memoryLimit: entry.memoryLimit }),
    ...(entry.log && { log: entry.log }),
    settings: (entry.settings ?? {}) as JsonObject,
    credentials: entry.credentials ?? {},
    secrets: entry.secrets ?? [],
    timeoutMs: entry.timeout ? parseDuration(entry.timeout) : DEFAULT_TIMEOUT_MS,
    ...(direction === 'outgoing' ? retries(content.outgoing) : { retryPolicy: retryPolicy({}) }),
  };
}

function retries({
  retry,
  outageLimit = '24h',
}: IntegrationFile['outgoing']): Pick<Connection, 'retryPolicy' | 'outageLimitMs'> {
  if (retry) return { retryPolicy: retryPolicy(retry) };
  return { retryPolicy: retryPolicy({}), outageLimitMs: parseDuration(outageLimit) };
}

/** Written out but for `maxBackoff`: a policy of nothing but zeros would mean three retries. */
function retryPolicy(entry: RetryEntry): RetryPolicy {
  return {
    maxRetries: entry.maxRetries ?? 3,
    backoffMultiplier: entry.backoffMultiplier ?? 2,
    initialBackoff: duration(entry.initialBackoff ?? '1s'),
    // Unset, it bounds the backoff by its default, and what a destination asks for by another one.
    maxBackoff: duration(entry.maxBackoff ?? '0s'),
  };
}

function duration(text: string): Temporal.Duration {
  return Temporal.Duration.from({ milliseconds: parseDuration(text) });
}
