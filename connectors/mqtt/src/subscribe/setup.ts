import { type ConnectionConfig, PluginError } from '@vrsky/runtime';
import type { ConnectorHost } from '@vrsky/runtime/plugin';
import { createOpener, type Opener } from '../link/open.ts';
import type { Subscription } from '../link/packets.ts';
import type { SubscribeSettings } from './settings.ts';
import { subscriptionsOf } from './subscriptions.ts';
import { compilePattern, type TopicPattern } from './topic-pattern.ts';

export interface Setup {
  readonly opener: Opener;
  readonly subscriptions: Subscription[];
  readonly pattern: TopicPattern | undefined;
}

/**
 * What a configuration asks for, checked.
 * @throws PluginError INVALID_CONFIG
 */
export function setUp(
  config: ConnectionConfig<SubscribeSettings>,
  host: Pick<ConnectorHost, 'getSecret'>,
): Setup {
  const { maxInFlight, maxInFlightBytes, maximumPacketSize, topicPattern } = config.settings;
  if (maxInFlightBytes < maximumPacketSize) {
    const field = 'settings.maxInFlightBytes';
    const text = `${field}: expected at least settings.maximumPacketSize, ${maximumPacketSize}`;
    throw new PluginError('INVALID_CONFIG', text, { field });
  }
  const special = { receiveMaximum: maxInFlight, autoTopicAlias: false };
  return {
    pattern: topicPattern === undefined ? undefined : compilePattern(topicPattern),
    opener: createOpener(config, host, special),
    subscriptions: subscriptionsOf(config.settings),
  };
}
