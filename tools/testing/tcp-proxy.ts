import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** Who sent the bytes. */
export type From = 'client' | 'server';

/** A link that can be cut, frozen, delayed and listened to. */
export interface TcpProxy {
  readonly port: number;
  /** How many connections were made so far. */
  readonly accepted: number;
  /** Resets all connections, as a broken link does. */
  cut(): void;
  /** No bytes of this side pass until `thaw`; connections stay, and new ones are taken. */
  freeze(side?: From): void;
  thaw(): void;
  /** Nobody gets through: connections are cut, and new ones at once. */
  refuse(refused: boolean): void;
  close(): Promise<void>;
}

/** @param onBytes sees what passes, with the number of its connection, before it goes on */
export async function startTcpProxy(
  target: number,
  onBytes: (from: From, bytes: Buffer, connection: number) => void = () => {},
): Promise<TcpProxy> {
  const pairs = new Set<{ client: Socket; server: Socket }>();
  const frozen = new Set<From>();
  let accepted = 0;
  let refusing = false;
  const each = (act: (pair: { client: Socket; server: Socket }) => void): void => {
    for (const pair of [...pairs]) act(pair);
  };
  const apply = (): void =>
    each((pair) => {
      for (const side of ['client', 'server'] as const) {
        if (frozen.has(side)) pair[side].pause();
        else pair[side].resume();
      }
    });
  const cut = (): void =>
    each((pair) => {
      pair.client.resetAndDestroy();
      pair.server.destroy();
    });

  const listener = createServer((client) => {
    if (refusing) return void client.resetAndDestroy();
    const connection = accepted++;
    const server = connect(target, '127.0.0.1');
    const pair = { client, server };
    pairs.add(pair);
    const forward = (from: From, to: Socket, bytes: Buffer): void => {
      onBytes(from, bytes, connection);
      to.write(bytes);
    };
    client.on('data', (bytes: Buffer) => forward('client', server, bytes));
    server.on('data', (bytes: Buffer) => forward('server', client, bytes));
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      socket.setNoDelay(true);
      socket.on('error', () => {});
      socket.on('end', () => other.end());
      socket.on('close', () => {
        other.destroy();
        pairs.delete(pair);
      });
    }
    apply();
  }).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  return {
    port: (listener.address() as AddressInfo).port,
    get accepted() {
      return accepted;
    },
    cut,
    freeze(side) {
      for (const one of side ? [side] : (['client', 'server'] as const)) frozen.add(one);
      apply();
    },
    thaw() {
      frozen.clear();
      apply();
    },
    refuse(refused) {
      refusing = refused;
      if (refused) cut();
    },
    async close() {
      listener.close();
      each(({ client, server }) => {
        client.destroy();
        server.destroy();
      });
      await once(listener, 'close');
    },
  };
}
