import { create } from '@bufbuild/protobuf';
import type { ConnectionConfig, RetryPolicy } from '../contract/connection-config.ts';
import {
  ConnectionConfigSchema,
  RetryPolicySchema,
  type ConnectionConfig as WireConfig,
  type RetryPolicy as WireRetryPolicy,
} from '../gen/vrsky/connector/v1/config_pb.ts';
import { durationFromWire, durationToWire } from './time.ts';

export function configFromWire(wire: WireConfig | undefined): ConnectionConfig {
  return {
    id: wire?.id ?? '',
    name: wire?.name ?? '',
    type: wire?.type ?? '',
    settings: wire?.settings ?? {},
    credentials: wire?.credentials ?? {},
    timeout: durationFromWire(wire?.timeout),
    retryPolicy: retryPolicyFromWire(wire?.retryPolicy),
  };
}

function retryPolicyFromWire(wire: WireRetryPolicy | undefined): RetryPolicy {
  return {
    maxRetries: wire?.maxRetries ?? 0,
    backoffMultiplier: wire?.backoffMultiplier ?? 0,
    initialBackoff: durationFromWire(wire?.initialBackoff),
    maxBackoff: durationFromWire(wire?.maxBackoff),
  };
}

export function configToWire(config: ConnectionConfig): WireConfig {
  return create(ConnectionConfigSchema, {
    id: config.id,
    name: config.name,
    type: config.type,
    settings: config.settings,
    credentials: config.credentials,
    timeout: durationToWire(config.timeout),
    retryPolicy: create(RetryPolicySchema, {
      maxRetries: config.retryPolicy.maxRetries,
      backoffMultiplier: config.retryPolicy.backoffMultiplier,
      initialBackoff: durationToWire(config.retryPolicy.initialBackoff),
      maxBackoff: durationToWire(config.retryPolicy.maxBackoff),
    }),
  });
}
