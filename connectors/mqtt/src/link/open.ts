import { type ConnectionConfig, PluginError } from '@vrsky/runtime';
import { type ConnectorHost, unusedProxyWarnings } from '@vrsky/runtime/plugin';
import { type Broker, parseBrokers } from './broker.ts';
import { loginOf, secureContextOf } from './credentials.ts';
import { Link, type OnPublish } from './link.ts';
import type { LinkOptions } from './packets.ts';
import type { LinkSettings } from './settings.ts';
import { openSocket } from './socket.ts';
import { checkTopic } from './topic.ts';

export interface Opener {
  readonly brokers: readonly Broker[];
  /** What a user should know before it is used. */
  readonly warnings: string[];
  /** One connection to one broker, as the configuration has it. */
  open(broker: Broker, onPublish: OnPublish, signal: AbortSignal): Promise<Link>;
}

/**
 * Checks everything that a connection needs.
 * @param special what only one of the directions has
 * @throws PluginError INVALID_CONFIG
 */
export function createOpener(
  config: ConnectionConfig<LinkSettings>,
  host: Pick<ConnectorHost, 'getSecret'>,
  special: { readonly receiveMaximum?: number; readonly autoTopicAlias: boolean },
): Opener {
  const { settings } = config;
  const brokers = parseBrokers(settings.brokers);
  const login = loginOf(config);
  const secureContext = secureContextOf(config);
  const will = willOf(settings);
  if (settings.birth) checkTopic('settings.birth.topic', settings.birth.topic);
  const { receiveMaximum, autoTopicAlias } = special;
  const options: LinkOptions = {
    protocolVersion: settings.protocolVersion,
    clientId: settings.clientId ?? config.id,
    clean: settings.cleanStart,
    keepaliveSeconds: settings.keepaliveSeconds,
    connectTimeoutMs: settings.connectTimeoutMs,
    maximumPacketSize: settings.maximumPacketSize,
    autoTopicAlias,
    recorded: new Set(),
    properties: {
      // Without it MQTT 5 keeps no session at all.
      sessionExpiryInterval: settings.sessionExpirySeconds,
      ...(receiveMaximum && { receiveMaximum }),
    },
    ...(will && { will }),
    ...login,
  };
  if (!options.clientId && !options.clean) {
    const field = 'settings.clientId';
    throw new PluginError('INVALID_CONFIG', `${field}: is missing; a session needs it`, { field });
  }
  return {
    brokers,
    warnings: [
      ...warningsOf(brokers, login, settings),
      ...unusedProxyWarnings(brokers.map(({ host: name }) => name)),
    ],
    async open(broker, onPublish, signal) {
      const password = await tokenOf(settings, host, signal);
      const stream = await openSocket(broker, { ...settings, secureContext }, signal);
      return Link.open(stream, { ...options, ...(password && { password }) }, onPublish, signal);
    },
  };
}

/**
 * The password of this moment, where the host keeps it as a secret.
 * @throws PluginError: what the host answers, with the setting that names the secret
 */
export async function tokenOf(
  { jwtSecret }: LinkSettings,
  host: Pick<ConnectorHost, 'getSecret'>,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (jwtSecret === undefined) return undefined;
  try {
    return await host.getSecret(jwtSecret, signal);
  } catch (thrown) {
    signal.throwIfAborted();
    const error = PluginError.from(thrown);
    throw error.withText(`settings.jwtSecret: ${error.rawMessage}`, 'settings.jwtSecret');
  }
}

function willOf({ will, protocolVersion }: LinkSettings): LinkOptions['will'] | undefined {
  if (!will) return undefined;
  checkTopic('settings.will.topic', will.topic);
  const { topic, payload, retain, contentType, delaySeconds, expirySeconds, userProperties } = will;
  const common = { topic, payload: Buffer.from(payload), qos: will.qos as 0 | 1 | 2, retain };
  if (protocolVersion === 4) return common;
  return {
    ...common,
    properties: {
      // Without one, mqtt-packet writes a packet that no broker understands.
      ...(Object.keys(userProperties).length > 0 && { userProperties }),
      ...(contentType !== undefined && { contentType }),
      ...(delaySeconds !== undefined && { willDelayInterval: delaySeconds }),
      ...(expirySeconds !== undefined && { messageExpiryInterval: expirySeconds }),
    },
  };
}

function warningsOf(
  brokers: readonly Broker[],
  login: { password?: string },
  { jwtSecret }: LinkSettings,
): string[] {
  if (!login.password && !jwtSecret) return [];
  return brokers
    .filter(({ secure }) => !secure)
    .map(({ name }) => `${name} is sent the password unencrypted: use mqtts:// or wss://`);
}
