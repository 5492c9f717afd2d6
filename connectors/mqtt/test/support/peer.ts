import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import mqttPacket, { type IPublishPacket, type Packet } from 'mqtt-packet';
import { expect, onTestFinished, vi } from 'vitest';
import { slowly } from '../../../../tools/testing/slowness.ts';

/** A broker's side of one connection. */
export interface PeerConnection {
  /** 0 for the first. */
  readonly number: number;
  /** What the client sent. */
  readonly packets: Packet[];
  readonly socket: Socket;
  send(packet: Packet): void;
  publish(messageId: number, payload: string, more?: Partial<IPublishPacket>): void;
  of(cmd: Packet['cmd']): Packet[];
}

export interface Peer {
  readonly url: string;
  readonly port: number;
  readonly connections: PeerConnection[];
  /** When each connection was made, in milliseconds. */
  readonly times: number[];
}

/** By the client's packet. False: the usual answer is not given. */
export type Script = Partial<
  Record<Packet['cmd'], (connection: PeerConnection, packet: Packet) => false | void>
>;

/** A broker that does as it is told, until the test ends; what the script leaves out it does as usual. */
export async function scriptedBroker(script: Script = {}, protocolVersion = 5): Promise<Peer> {
  const connections: PeerConnection[] = [];
  const times: number[] = [];
  let open = 0;
  const server = createServer((socket) => {
    open += 1;
    times.push(performance.now());
    const parser = mqttPacket.parser({ protocolVersion });
    const send = (packet: Packet): void => {
      socket.write(mqttPacket.generate(packet, { protocolVersion }));
    };
    const connection: PeerConnection = {
      number: connections.length,
      packets: [],
      socket,
      send,
      publish: (messageId, payload, more = {}) =>
        send({
          ...{ cmd: 'publish', topic: 'in/a', qos: 1, dup: false, retain: false, messageId },
          ...{ payload, ...more },
        }),
      of: (cmd) => connection.packets.filter((packet) => packet.cmd === cmd),
    };
    connections.push(connection);
    parser.on('packet', (packet) => {
      connection.packets.push(packet);
      if (script[packet.cmd]?.(connection, packet) !== false) answer(connection, packet);
    });
    socket.on('data', (bytes: string | Buffer) => parser.parse(bytes as Buffer));
    socket.on('error', () => {});
    socket.on('close', () => {
      open -= 1;
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.close();
    // Runs before the connector is stopped, if that was started later.
    for (const { socket } of connections) socket.destroy();
    await vi.waitFor(() => expect(open).toBe(0), { timeout: slowly(5000), interval: 5 });
  });
  const { port } = server.address() as AddressInfo;
  return { url: `mqtt://127.0.0.1:${port}`, port, connections, times };
}

function answer({ send, socket }: PeerConnection, packet: Packet): void {
  const { messageId = 0 } = packet;
  if (packet.cmd === 'connect') {
    send({ cmd: 'connack', sessionPresent: false, reasonCode: 0, returnCode: 0 });
  } else if (packet.cmd === 'subscribe') {
    const granted = packet.subscriptions.map(({ qos }) => qos);
    send({ cmd: 'suback', messageId, granted });
  } else if (packet.cmd === 'publish' && packet.qos === 1) {
    send({ cmd: 'puback', messageId, reasonCode: 0 });
  } else if (packet.cmd === 'publish' && packet.qos === 2) {
    send({ cmd: 'pubrec', messageId, reasonCode: 0 });
  } else if (packet.cmd === 'pubrec') {
    send({ cmd: 'pubrel', messageId, reasonCode: 0 });
  } else if (packet.cmd === 'pubrel') {
    send({ cmd: 'pubcomp', messageId, reasonCode: 0 });
  } else if (packet.cmd === 'pingreq') {
    send({ cmd: 'pingresp' });
  } else if (packet.cmd === 'disconnect') {
    socket.end();
  }
}

/** CONNACK with a reason code, of either version. */
export function connack(code: number, more: object = {}): Packet {
  return { cmd: 'connack', sessionPresent: false, reasonCode: code, returnCode: code, ...more };
}
