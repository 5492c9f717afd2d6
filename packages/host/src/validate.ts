import type { PluginError } from '@vrsky/runtime';
import { launchConnector } from '@vrsky/runtime/host';
import type { Logger } from 'pino';
import type { Direction, Integration } from './config/integration.ts';
import { resolveSecrets } from './config/secrets.ts';
import { connectionFailure, type Launch, launchFor, limits } from './supervise/connector.ts';
import { failureOf } from './supervise/failure.ts';

export interface ValidateOptions {
  readonly log: Logger;
  readonly signal: AbortSignal;
  readonly launch?: Launch;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** What one connection's connector says of its configuration. */
export interface Finding {
  readonly direction: Direction;
  readonly warnings: readonly string[];
  /** What is wrong, with the place in the file. */
  readonly error?: PluginError;
}

/**
 * Starts both connectors, has each check its configuration and what it can reach, and ends them:
 * nothing is connected and nothing is left.
 */
export function validateIntegration(
  integration: Integration,
  options: ValidateOptions,
): Promise<Finding[]> {
  const directions = ['incoming', 'outgoing'] as const;
  return Promise.all(directions.map((direction) => validate(integration, direction, options)));
}

async function validate(
  integration: Integration,
  direction: Direction,
  { log, signal, launch = launchConnector, env = process.env }: ValidateOptions,
): Promise<Finding> {
  const connection = integration[direction];
  try {
    const resolved = resolveSecrets(integration, connection, env);
    const options = { integration, connection, resolved, launch, log };
    const connector = await launchFor(options, signal);
    try {
      const warnings = await connector.node.validate(resolved.config, limits(options, signal));
      return { direction, warnings: warnings.map(resolved.redact) };
    } catch (thrown) {
      signal.throwIfAborted();
      return { direction, warnings: [], error: connectionFailure(options, thrown) };
    } finally {
      await connector.kill();
    }
  } catch (thrown) {
    signal.throwIfAborted();
    return { direction, warnings: [], error: failureOf(thrown, (text) => text) };
  }
}
