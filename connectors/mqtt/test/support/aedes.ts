import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { Aedes } from 'aedes';
import { onTestFinished } from 'vitest';
import { serverCertificate, testCa } from './broker.ts';

export interface AedesOptions {
  /** Whether a client may connect. Default: each may. */
  readonly admits?: (clientId: string, password: string) => boolean;
  /** Close the connections of others without a CONNACK. */
  readonly silently?: boolean;
}

/** A second broker, which is told whom it admits, until the test ends. MQTT 3.1.1 only. */
export async function startAedes({
  admits = () => true,
  silently = false,
}: AedesOptions = {}): Promise<{
  readonly url: string;
  /** Wants a certificate of the tests' CA. Needs openssl. */
  readonly secureUrl: string;
}> {
  const aedes = await Aedes.createBroker();
  const sockets = new Set<Socket>();
  aedes.authenticate = ({ id }, _username, password, done) => {
    if (admits(id, String(password ?? ''))) done(null, true);
    else if (silently) for (const socket of sockets) socket.destroy();
    else done(Object.assign(new Error('not authorized'), { returnCode: 5 }), false);
  };
  const serve = (socket: Socket): void => {
    sockets.add(socket);
    aedes.handle(socket);
  };
  const { cert, key } = serverCertificate();
  const secure = { cert, key, ca: testCa().ca, requestCert: true, rejectUnauthorized: true };
  const servers: Server[] = [createServer(serve), createTlsServer(secure, serve)];
  onTestFinished(async () => {
    for (const server of servers) server.close();
    for (const socket of sockets) socket.destroy();
    await new Promise<void>((resolve) => aedes.close(resolve));
  });
  for (const server of servers) await once(server.listen(0, '127.0.0.1'), 'listening');
  const [port, securePort] = servers.map((server) => (server.address() as AddressInfo).port);
  return { url: `mqtt://127.0.0.1:${port}`, secureUrl: `mqtts://localhost:${securePort}` };
}
