import { type ConnectionConfig, PluginError, timeoutMs } from '@vrsky/runtime';
import type { ConnectorHost, Probe } from '@vrsky/runtime/plugin';
import { LinkFault } from './fault.ts';
import type { Link } from './link.ts';
import { createOpener } from './open.ts';
import type { LinkSettings } from './settings.ts';
import { Uplink } from './uplink.ts';

const BAD_CLIENT_ID = new Set([2, 0x85]);
const NOT_AUTHORIZED = new Set([5, 0x87]);

/**
 * Connects as Connect does, tries of other brokers included, but under a client id of its own, so that a client that is
 * connected with the real one keeps its session. Without session, subscription, will and birth.
 * @param prepare what Connect demands of the connection beyond that it is made
 */
export function createProbe(
  config: ConnectionConfig<LinkSettings>,
  host: Pick<ConnectorHost, 'getSecret' | 'log'>,
  prepare: (link: Link) => Promise<void>,
): Probe {
  const { settings, credentials } = config;
  const { tls, protocolVersion, jwtSecret } = settings;
  const brokers = settings.brokers.map((url) => url.split('?')[0]); // a query may hold a key
  const account = { username: credentials['username'], jwtSecret };
  const clientId = probingId(config);
  return {
    endpoint: JSON.stringify({ brokers, tls, protocolVersion, ...account, clientId }),
    async run(signal) {
      const opener = createOpener(probingConfig(config, clientId), host, { autoTopicAlias: false });
      const uplink = new Uplink({
        brokers: opener.brokers,
        settings,
        log: host.log,
        connect: (broker, ends) => opener.open(broker, (_packet, _link, taken) => taken(), ends),
        prepare,
      });
      try {
        await uplink.start(signal, timeoutMs(config) / 2);
      } catch (error) {
        signal.throwIfAborted();
        return [refusedForItsId(PluginError.from(error), config, clientId)];
      }
      await uplink.stop();
      return [];
    },
  };
}

/** Begins as the real one, since rules of brokers often ask for a prefix. A client without an id has none here either. */
function probingId({ id, settings }: ConnectionConfig<LinkSettings>): string {
  const real = settings.clientId ?? id;
  return real && `${real}-validate`;
}

function probingConfig(
  config: ConnectionConfig<LinkSettings>,
  clientId: string,
): ConnectionConfig<LinkSettings> {
  const { will: _will, birth: _birth, clientId: _clientId, ...kept } = config.settings;
  const settings = { ...kept, cleanStart: true, sessionExpirySeconds: 0 };
  return { ...config, id: clientId, settings };
}

/**
 * A warning, if the broker may have refused the probe for its client id alone; throws what failed otherwise.
 * Where the certificate is the only credential, a broker that has verified it refuses the client id: AWS IoT does so for
 * ids that the certificate's policy does not name, with version 4 by closing the connection.
 */
function refusedForItsId(
  error: PluginError,
  { settings, credentials }: ConnectionConfig<LinkSettings>,
  clientId: string,
): string {
  const fault = error.cause;
  if (!(fault instanceof LinkFault)) throw error;
  const { tls_cert: certificate, password, jwt } = credentials;
  const byCertificate = certificate && !password && !jwt && settings.jwtSecret === undefined;
  const code = fault.kind === 'refused' ? (fault.code ?? 0) : 0;
  const isClosed = fault.kind === 'closed' && settings.protocolVersion === 4;
  const doubts =
    BAD_CLIENT_ID.has(code) || (byCertificate && (NOT_AUTHORIZED.has(code) || isClosed));
  const advice = `Validate connects as ${clientId}: let the broker admit that client id, or set settings.probe to false`;
  if (doubts) return `${error.rawMessage}; ${advice}`;
  if (NOT_AUTHORIZED.has(code)) throw error.withText(`${error.rawMessage}; ${advice}`);
  throw error;
}
