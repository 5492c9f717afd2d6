import './node-version.ts';

export { closest } from './contract/closest.ts';
export {
  type ConnectionConfig,
  DEFAULT_TIMEOUT_MS,
  type JsonObject,
  type JsonValue,
  type RetryPolicy,
  timeoutMs,
} from './contract/connection-config.ts';
export { ERROR_CATALOGUE, type ErrorCode } from './contract/error-catalogue.ts';
export { HANDSHAKE, PROTOCOL_VERSION } from './contract/handshake.ts';
export { foreignKey } from './contract/identity.ts';
export type {
  Identity,
  Message,
  MessageMetadata,
  Reply,
  SendReceipt,
} from './contract/message.ts';
export { sizeOf } from './contract/message-size.ts';
export { PluginError, type PluginErrorOptions } from './contract/plugin-error.ts';
export type { Capability, Health, PluginMetadata } from './contract/plugin-metadata.ts';
export { findProblems, type Problem } from './contract/problems.ts';
export {
  backoffMs,
  type ResolvedRetryPolicy,
  resolveRetryPolicy,
} from './contract/retry-policy.ts';
export { Secrets } from './contract/secrets.ts';
export type { Delivery, Settlement } from './contract/settlement.ts';
