import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export const frameTypes = { data: 0, headers: 1, rstStream: 3, settings: 4, ping: 6, goaway: 7 };
const ack = 1;
const endOfStream = 1;
const endOfHeaders = 4;
const headBytes = 9;

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

/** A client that writes HTTP/2 frames by hand: it sends what node:http2 would not, and nothing by itself. */
export class FrameClient {
  readonly socket: Socket;
  readonly frames: Frame[] = [];
  #rest: Buffer = Buffer.alloc(0);

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
  }

  static async connect(path: string): Promise<FrameClient> {
    const socket = connect(path);
    await once(socket, 'connect');
    const client = new FrameClient(socket);
    socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    client.write(frameTypes.settings, 0, 0);
    client.write(frameTypes.settings, ack, 0);
    return client;
  }

  /** A POST without a body, to one path. */
  request(streamId: number, path: string): void {
    const text = (value: string): Buffer =>
      Buffer.concat([Buffer.from([value.length]), Buffer.from(value)]);
    const method = Buffer.from([0x83]);
    const scheme = Buffer.from([0x86]);
    const head = [method, scheme, Buffer.from([0x04]), text(path), Buffer.from([0x01]), text('a')];
    this.write(frameTypes.headers, endOfHeaders | endOfStream, streamId, Buffer.concat(head));
  }

  write(type: number, flags: number, streamId: number, payload: Buffer = Buffer.alloc(0)): void {
    this.socket.write(encode(type, flags, streamId, payload));
  }

  reset(streamId: number): Buffer {
    return encode(frameTypes.rstStream, 0, streamId, Buffer.from([0, 0, 0, 8]));
  }

  /** Returns a PING, as every client must. */
  returnPing({ payload }: Frame): void {
    this.write(frameTypes.ping, ack, 0, payload);
  }

  /** The first frame, among those that came and will come, that fits; it is taken out. */
  async next(fits: (frame: Frame) => boolean): Promise<Frame> {
    const signal = AbortSignal.timeout(10_000);
    for (;;) {
      const at = this.frames.findIndex(fits);
      const [frame] = at < 0 ? [] : this.frames.splice(at, 1);
      if (frame) return frame;
      await once(this.socket, 'data', { signal });
    }
  }

  ping(): Promise<Frame> {
    return this.next(({ type, flags }) => type === frameTypes.ping && (flags & ack) === 0);
  }

  endOf(streamId: number): Promise<Frame> {
    return this.next((frame) => frame.streamId === streamId && (frame.flags & endOfStream) !== 0);
  }

  #read(chunk: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    while (this.#rest.length >= headBytes) {
      const end = headBytes + this.#rest.readUIntBE(0, 3);
      if (this.#rest.length < end) return;
      const [type = 0, flags = 0] = this.#rest.subarray(3, 5);
      const streamId = this.#rest.readUInt32BE(5) & 0x7fff_ffff;
      this.frames.push({ type, flags, streamId, payload: this.#rest.subarray(headBytes, end) });
      this.#rest = this.#rest.subarray(end);
    }
  }
}

function encode(type: number, flags: number, streamId: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(headBytes);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(streamId, 5);
  return Buffer.concat([head, payload]);
}
