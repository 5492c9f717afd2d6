import { PluginError } from '@vrsky/runtime';
import {
  BUSY,
  CONNACK,
  DISCONNECT,
  type Failure,
  LATER,
  NETWORK,
  NO_NETWORK,
  NO_SUBSCRIPTION,
  PUBACK,
  SUBACK,
  UNTRUSTED,
  WHY,
} from './error-table.ts';
import type { LinkFault } from './link/fault.ts';

/** Why there is no connection to a broker (any more). */
export function linkError(fault: LinkFault, broker: string): PluginError {
  if (fault.cause instanceof PluginError) return fault.cause;
  const { code, text, ...options } = failureOf(fault);
  const cause = (fault.cause as { code?: unknown } | undefined)?.code;
  const from = fault.code === undefined ? cause : reasonCode(fault.code);
  const hint = typeof from === 'string' ? ` (${from})` : '';
  return new PluginError(code, `${broker}: ${text}${hint}`, { ...options, cause: fault });
}

function failureOf({ kind, code = 0, cause, message }: LinkFault): Failure {
  if (kind === 'refused') return CONNACK[code] ?? { ...BUSY, text: 'the broker refused us' };
  if (kind === 'disconnected') {
    return DISCONNECT[code] ?? { ...NO_NETWORK, text: 'the broker ended the connection' };
  }
  if (kind !== 'network') return WHY[kind] ?? NO_NETWORK;
  const from = (cause as { code?: unknown } | undefined)?.code;
  if (typeof from !== 'string') return { ...NO_NETWORK, text: message };
  const tls = from.startsWith('ERR_TLS_') || from.startsWith('ERR_SSL_');
  return NETWORK[from] ?? (tls ? UNTRUSTED : NO_NETWORK);
}

/** Why a subscription was not granted. */
export function subscriptionError(code: number, filter: string, field: string): PluginError {
  const { code: error, text, ...options } = SUBACK[code] ?? NO_SUBSCRIPTION;
  const full = `the subscription to ${filter} was refused: ${text} (${reasonCode(code)})`;
  return new PluginError(error, full, { ...options, field });
}

/** What the broker's answer to a message means; undefined = success. */
export function publishError(code: number, id: string): PluginError | undefined {
  if (code === 0) return undefined;
  const { code: error, text, ...options } = PUBACK[code] ?? LATER;
  return new PluginError(error, `message ${id}: ${text} (${reasonCode(code)})`, options);
}

/** The connection ended before the broker had confirmed a message. */
export function lostError(id: string, cause: PluginError | undefined): PluginError {
  const text = `message ${id}: there is no connection to the broker; whether it was sent is not known`;
  return new PluginError('CONNECTION_FAILED', text, { reason: 'CONNECTION_LOST', cause });
}

function reasonCode(code: number): string {
  return `0x${code.toString(16).padStart(2, '0')}`;
}
