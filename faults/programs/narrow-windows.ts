import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { createLoss } from '../../packages/go-plugin/src/grpc/loss.ts';
import { connectionTransport } from '../../packages/go-plugin/src/grpc/transport.ts';
import { nodeOn } from '../../packages/runtime/src/host/launch-connector.ts';
import { HANDSHAKE } from '../../packages/runtime/src/index.ts';
import { type ConnectorOptions, configOf, type RunningConnector } from './connector.ts';

/** What HTTP/2 has when nothing is said, for a stream and for the connection. */
const WINDOW_BYTES = 65_535;
const ADDRESS_FIELD = 3;
const MOST_MESSAGE_BYTES = 16 * 2 ** 20;

/**
 * Starts a connector by hand, without TLS, and lets it have no more than 64 KiB on the way to us that
 * we have not read; our own client would allow it some MiB.
 */
export async function startWithNarrowWindows(options: ConnectorOptions): Promise<RunningConnector> {
  const child = spawn(options.command, options.args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env,
      [HANDSHAKE.magicCookieKey]: HANDSHAKE.magicCookieValue,
      PLUGIN_PROTOCOL_VERSIONS: String(HANDSHAKE.protocolVersion),
      PLUGIN_UNIX_SOCKET_DIR: process.env['TMPDIR'],
    },
  });
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  const origin = 'http://localhost';
  const session = connectHttp2(origin, {
    createConnection: () => connect(line.split('|')[ADDRESS_FIELD] ?? ''),
    settings: { initialWindowSize: WINDOW_BYTES },
  });
  session.on('error', () => {}); // each of its calls fails
  const loss = createLoss(() => undefined, undefined);
  const calls = { session, origin, maxMessageBytes: MOST_MESSAGE_BYTES, loss };
  const node = nodeOn({ transport: connectionTransport(calls), calls });
  await node.connect(configOf(options));
  return {
    node,
    pid: child.pid ?? 0,
    async kill() {
      session.destroy(); // a connector with a host leaves its end to that
      child.kill('SIGTERM');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  };
}
