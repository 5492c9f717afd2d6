import { Readable } from 'node:stream';
import { TLSSocket } from 'node:tls';
import type { Client } from 'basic-ftp';

/**
 * What is to be uploaded, held back until the data connection is ready. basic-ftp takes a TLS
 * connection that resumes a session for ready before its handshake is over; an upload of nothing then
 * ends it too early, and fails on every server.
 */
export class Content extends Readable {
  readonly #bytes: Uint8Array;
  readonly #client: Client;

  constructor(bytes: Uint8Array, client: Client) {
    super();
    this.#bytes = bytes;
    this.#client = client;
  }

  override _read(): void {
    const socket = this.#client.ftp.dataSocket;
    const push = (): void => {
      if (this.#bytes.length > 0) this.push(this.#bytes);
      this.push(null);
    };
    if (!(socket instanceof TLSSocket)) return push();
    // One turn later, the last words of the handshake are on their way.
    const pushSoon = (): void => void setImmediate(push);
    if (isHandshaking(socket)) socket.once('secureConnect', pushSoon);
    else pushSoon();
  }
}

function isHandshaking(socket: TLSSocket): boolean {
  return (socket as TLSSocket & { readonly secureConnecting: boolean }).secureConnecting;
}
