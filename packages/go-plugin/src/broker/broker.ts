import { create } from '@bufbuild/protobuf';
import type { Transport } from '@connectrpc/connect';
import { type ConnInfo, ConnInfoSchema } from '../gen/plugin/grpc_broker_pb.ts';
import type { Routes } from '../grpc/context.ts';
import { type Address, toAddress } from '../handshake/handshake.ts';
import { brokerClosed, createAnnouncements } from './announcements.ts';
import { createQueue } from './queue.ts';

/** Extra connections between host and plugin, for services in either direction. All methods may run concurrently. */
export interface Broker {
  /** The next id of this side, to be told to the other one in a message of the application. */
  nextId(): number;
  /**
   * Serves `routes`, and nothing else, on a brokered connection until `close()` or until the broker closes. Resolves once
   * listening and announced, so await it before sending the id.
   * @throws GoPluginError LISTEN_FAILED, BROKER_CLOSED
   */
  acceptAndServe(id: number, routes: Routes): Promise<{ close(): Promise<void> }>;
  /**
   * Waits up to 5 s for the acceptor's announcement, connects, and resolves with a transport when connected. The
   * connection outlives the broker, until `close()` or until the other side ends it.
   * @throws GoPluginError BROKER_TIMEOUT, BROKER_CLOSED, CONNECT_FAILED, ADDRESS_UNKNOWN, or the signal's reason
   */
  dial(
    id: number,
    options?: { signal?: AbortSignal },
  ): Promise<{ transport: Transport; close(): Promise<void> }>;
}

/** How brokered connections come about: each on a socket of its own. The place for another way, such as multiplexing. */
export interface BrokerNetwork {
  listen(routes: Routes): Promise<{ readonly address: Address; close(): Promise<void> }>;
  connect(
    address: Address,
    signal?: AbortSignal,
  ): Promise<{
    readonly transport: Transport;
    readonly closed: Promise<void>;
    close(): Promise<void>;
  }>;
}

/** The broker and its end of the one stream that carries the announcements. */
export interface BrokerEnd {
  readonly broker: Broker;
  /** What to send to the other side. Waits in memory until the stream is open; ends when the broker closes. */
  readonly outgoing: AsyncIterable<ConnInfo>;
  /**
   * Takes what the other side sends; resolves when it sends no more. Nothing can be accepted or dialled then; what was
   * accepted stays: the stream may end with one of several sessions of a connection. Never rejects.
   */
  consume(incoming: AsyncIterable<ConnInfo>): Promise<void>;
  /** Closes all accepted connections. There is no way back. Idempotent. */
  close(): Promise<void>;
  /** Drops all dialled connections: for when the other side is gone, and something else may hold its sockets open. */
  hangUp(): void;
}

export function createBroker(network: BrokerNetwork): BrokerEnd {
  const outgoing = createQueue<ConnInfo>();
  const announcements = createAnnouncements<ConnInfo>();
  const accepted = new Set<{ close(): Promise<void> }>();
  const dialled = new Set<{ close(): Promise<void> }>();
  let lastId = 0;
  let closed = false;

  const broker: Broker = {
    nextId: () => ++lastId,
    acceptAndServe: async (id, routes) => {
      if (closed) throw brokerClosed();
      const listener = await network.listen(routes);
      if (closed) {
        await listener.close();
        throw brokerClosed();
      }
      accepted.add(listener);
      outgoing.push(create(ConnInfoSchema, { serviceId: id, ...listener.address }));
      return {
        close: () => {
          accepted.delete(listener);
          return listener.close();
        },
      };
    },
    dial: async (id, options) => {
      const info = await announcements.take(id, options?.signal);
      const address = toAddress(info.network, info.address);
      const connection = await network.connect(address, options?.signal);
      dialled.add(connection);
      void connection.closed.then(() => dialled.delete(connection));
      return connection;
    },
  };
  const endStream = (): void => {
    closed = true;
    outgoing.end();
    announcements.close();
  };
  const close = async (): Promise<void> => {
    endStream();
    await Promise.all([...accepted].map((listener) => listener.close()));
  };
  const consume = async (incoming: AsyncIterable<ConnInfo>): Promise<void> => {
    try {
      for await (const info of incoming) announcements.arrived(info.serviceId, info);
    } catch {
      // The stream ends with the connection, cleanly or not; both mean the same here.
    } finally {
      endStream();
    }
  };
  const hangUp = (): void => {
    for (const connection of dialled) void connection.close();
  };
  return { broker, outgoing, consume, close, hangUp };
}
