import { connectAsync, type IClientOptions, type IPublishPacket, type MqttClient } from 'mqtt';
import { type Packet, parser } from 'mqtt-packet';
import { onTestFinished } from 'vitest';
import { type Certificate, makeTestCa } from '../../../../tools/testing/certificates.ts';
import {
  type Mosquitto,
  type MosquittoOptions,
  startMosquitto,
} from '../../../../tools/testing/mosquitto.ts';
import { type From, startTcpProxy, type TcpProxy } from '../../../../tools/testing/tcp-proxy.ts';

/** A mosquitto until the test ends; what it logged is shown if the test fails. */
export async function broker(options: MosquittoOptions = {}): Promise<Mosquitto> {
  const mosquitto = await startMosquitto(options);
  onTestFinished(async ({ task }) => {
    await mosquitto.remove();
    if (task.result?.state === 'fail') console.error(mosquitto.log().slice(-6000));
  });
  return mosquitto;
}

export interface Sniffed {
  readonly from: From;
  readonly packet: Packet;
  readonly connection: number;
}

export interface Link extends TcpProxy {
  readonly url: string;
  /** All packets that passed, in order. */
  readonly packets: Sniffed[];
  /** Those of a side that are of a kind. */
  of(from: From, cmd: Packet['cmd'], connection?: number): Packet[];
}

/** A proxy in front of a broker, until the test ends, that understands what passes. */
export async function linkTo(target: number, protocolVersion: 4 | 5 = 5): Promise<Link> {
  const packets: Sniffed[] = [];
  const parsers = new Map<string, ReturnType<typeof parser>>();
  const proxy = await startTcpProxy(target, (from, bytes, connection) => {
    const one = parsers.getOrInsertComputed(`${from} ${connection}`, () =>
      parser({ protocolVersion }).on('packet', (packet) =>
        packets.push({ from, packet, connection }),
      ),
    );
    one.parse(bytes);
  });
  onTestFinished(() => proxy.close());
  return Object.assign(proxy, {
    url: `mqtt://127.0.0.1:${proxy.port}`,
    packets,
    of: (from: From, cmd: Packet['cmd'], connection?: number) =>
      packets
        .filter((one) => one.from === from && one.packet.cmd === cmd)
        .filter((one) => connection === undefined || one.connection === connection)
        .map(({ packet }) => packet),
  });
}

/** Another client of the broker, until the test ends. */
export async function client(url: string, options: IClientOptions = {}): Promise<MqttClient> {
  const made = await connectAsync(url, { protocolVersion: 5, ...options });
  onTestFinished(() => made.endAsync(true));
  return made;
}

/** Subscribes another client and gives what it gets, which grows. */
export async function listen(
  url: string,
  filter: string,
  options: IClientOptions = {},
): Promise<IPublishPacket[]> {
  const listener = await client(url, options);
  const got: IPublishPacket[] = [];
  listener.on('message', (_topic, _payload, packet) => got.push(packet));
  await listener.subscribeAsync(filter, { qos: 2 });
  return got;
}

/** One CA for all tests of a file, made when it is first asked for. */
let ca: ReturnType<typeof makeTestCa> | undefined;
export function testCa(): ReturnType<typeof makeTestCa> {
  ca ??= makeTestCa();
  return ca;
}

let server: Certificate | undefined;
export function serverCertificate(): Certificate {
  server ??= testCa().issueServer();
  return server;
}
