import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** A port of 127.0.0.1 where nothing listens. */
export async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** A port whose server accepts connections and never says a word, until the test ends. */
export async function mutePort(): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => sockets.add(socket.on('error', () => {})));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return (server.address() as AddressInfo).port;
}

const LISTEN = `
  const server = require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
    process.stdout.write(String(server.address().port), () => process.kill(process.pid, 'SIGSTOP'));
  });`;

/**
 * A port that answers nothing at all, not even to make a connection, as behind a firewall that drops packets: its server
 * has stopped, and the system has no room for a further connection. Until the test ends.
 */
export async function droppingPort(): Promise<number> {
  const child = spawn(process.execPath, ['-e', LISTEN], { stdio: ['ignore', 'pipe', 'inherit'] });
  const fillers: Socket[] = [];
  onTestFinished(async () => {
    for (const socket of fillers) socket.destroy();
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  });
  const [text] = (await once(child.stdout, 'data')) as [Buffer];
  const port = Number(text);
  // The queue holds one more than asked for; what does not fit is not answered.
  for (let connected = true; connected && fillers.length < 10; ) {
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    fillers.push(socket);
    connected = await once(socket, 'connect', { signal: AbortSignal.timeout(1000) }).then(
      () => true,
      () => false,
    );
  }
  return port;
}
