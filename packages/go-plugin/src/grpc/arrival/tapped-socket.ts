import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { FrameTap } from './frame-tap.ts';

/** A socket whose incoming bytes pass a tap, and so go through JavaScript on their way to node:http2. */
export class TappedSocket extends Duplex {
  readonly tap: FrameTap;
  readonly #socket: Socket;
  /** Asked for more, maybe within the very push that says there is enough. */
  #wanted = false;

  constructor(socket: Socket) {
    // Its buffers are the socket's: what is written waits there, and there alone.
    super({ highWaterMark: 0, autoDestroy: true, decodeStrings: true });
    this.#socket = socket;
    this.tap = new FrameTap((bytes) => {
      this.#wanted = false;
      if (!this.push(bytes) && !this.#wanted) socket.pause();
    });
    socket.on('data', (chunk: Buffer) => this.tap.push(chunk));
    socket.once('end', () => this.push(null));
    socket.once('error', (error) => this.destroy(error));
    socket.once('close', () => this.destroy());
    socket.pause();
  }

  override _read(): void {
    this.#wanted = true;
    this.#socket.resume();
  }

  override _write(
    chunk: Buffer,
    _encoding: BufferEncoding,
    callback: (error?: Error | null) => void,
  ): void {
    this.#socket.write(chunk, callback);
  }

  override _writev(chunks: { chunk: Buffer }[], callback: (error?: Error | null) => void): void {
    const socket = this.#socket;
    const last = chunks.length - 1;
    socket.cork();
    chunks.forEach(({ chunk }, i) => socket.write(chunk, i === last ? callback : undefined));
    socket.uncork();
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.#socket.end(callback);
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#socket.destroy();
    callback(error);
  }
}
