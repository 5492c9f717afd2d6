import { Secrets } from '@vrsky/runtime';
import { launchConnector } from '@vrsky/runtime/host';
import type { Logger } from 'pino';
import type { Integration } from './config/integration.ts';
import { memoryParts, totalMemory } from './config/memory.ts';
import { resolveSecrets } from './config/secrets.ts';
import { runOutgoing } from './deliver/outgoing.ts';
import type { Alert, ConnectedEvent, MessageEvent } from './events.ts';
import { Lifetime } from './lifetime.ts';
import type { Parts } from './parts.ts';
import { runIncoming } from './receive/incoming.ts';
import { connectionLog, redactAll, redactingLog } from './redacting-log.ts';
import { checkFolder } from './store/folder.ts';
import { openStore } from './store/store.ts';
import type { Launch } from './supervise/connector.ts';
import { Supervisor } from './supervise/supervisor.ts';

export interface RunOptions {
  readonly log: Logger;
  /** Ends the run in good order: takes nothing more in, lets what is under way finish, within 25 s. */
  readonly signal: AbortSignal;
  /** After `signal`: waits for nothing any more. What is not finished stays stored. */
  readonly hurry?: AbortSignal;
  /** Called when a message was delivered. */
  readonly onMessage?: (event: MessageEvent) => void;
  /** Called each time one of the two connections is up. */
  readonly onConnected?: (event: ConnectedEvent) => void;
  readonly onAlert?: (alert: Alert) => void;
  readonly launch?: Launch;
  /** Where secrets are, as `VRSKY_SECRET_NAME`. Default: the environment of this process. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/**
 * Runs one integration until `signal`. What was received is stored until it is delivered, over
 * restarts of the connectors and of this host. Resolves when everything has ended: no process and
 * no open file is left.
 * @throws PluginError if it cannot run as it is described, or the store cannot be written any more
 */
export async function runIntegration(integration: Integration, options: RunOptions): Promise<void> {
  const { env = process.env, launch = launchConnector, onAlert } = options;
  const hidden = new Secrets();
  const resolved = {
    incoming: resolveSecrets(integration, integration.incoming, env, hidden),
    outgoing: resolveSecrets(integration, integration.outgoing, env, hidden),
  };
  const memory = memoryParts(integration, totalMemory(env));
  const log = redactingLog(options.log, hidden);
  checkFolder(integration);
  const lifetime = new Lifetime(options.signal, options.hurry ?? new AbortController().signal);
  const store = openStore(integration.store, (error) => lifetime.fail(error));
  const parts: Parts = {
    integration,
    lifetime,
    store,
    log,
    connect: (direction) => {
      const connection = integration[direction];
      const supervisor = new Supervisor({
        integration,
        connection,
        resolved: resolved[direction],
        state: store.state(connection.id),
        launch,
        memoryBytes: memory[direction],
        log: connectionLog(log, connection),
        onConnected: ({ pid }, { status, details }) => {
          const health = { status, details: redactAll(details, hidden) };
          store.note(connection.id, health.details);
          options.onConnected?.({ direction, pid, health });
        },
        onBroken: ({ code, rawMessage: text }) =>
          onAlert?.({ kind: 'connection', direction, code, text }),
        onCrashLoop: (text, crashes) => {
          onAlert?.({ kind: 'crash-loop', direction, code: 'CONNECTION_FAILED', text, crashes });
        },
      });
      return { supervisor, redact: resolved[direction].redact };
    },
    onDelivered: ({ message, receivedAt }, { messageId }) =>
      options.onMessage?.({
        id: message.id,
        bytes: message.payload.length,
        milliseconds: Date.now() - receivedAt,
        remoteId: messageId,
      }),
    onDeadLetter: ({ id }, { code, rawMessage: text }, attempts) =>
      onAlert?.({ kind: 'dead-letter', messageId: id, code, text, attempts }),
  };
  try {
    await Promise.all([runIncoming(parts), runOutgoing(parts)]);
    lifetime.throwIfFailed();
  } finally {
    store.close();
  }
}
