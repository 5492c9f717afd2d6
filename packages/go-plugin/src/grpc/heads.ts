import { Http2ServerResponse, type Http2Session, type OutgoingHttpHeaders } from 'node:http2';

/** What HTTP/2 adds to the length of each name and value. */
const pairBytes = 32;
/** Characters of an error text that stay when all of it is too long. */
const shortText = 1000;
const internal = '13';

/**
 * Why a peer does not take a head or trailers, if it does not: it would give up the whole connection. Peers that were not
 * asked yet, or that name no limit, take all.
 */
export function tooLarge(
  session: Http2Session | undefined,
  headers: OutgoingHttpHeaders,
): string | undefined {
  const most = session?.remoteSettings.maxHeaderListSize;
  const size = most === undefined ? 0 : sizeOf(headers);
  if (most === undefined || size <= most) return undefined;
  return `metadata of ${size} bytes is larger than the ${most} bytes that the other side takes`;
}

function sizeOf(headers: OutgoingHttpHeaders): number {
  let size = 0;
  for (const [name, value = ''] of Object.entries(headers)) {
    for (const each of Array.isArray(value) ? value : [value]) {
      size += name.length + String(each).length + pairBytes;
    }
  }
  return size;
}

type Head = OutgoingHttpHeaders | readonly string[];

/** A response whose metadata fails its own call when the client does not take that much. */
export class BoundedResponse extends Http2ServerResponse {
  #refused: string | undefined;

  override writeHead(status: number, headers?: Head): this;
  override writeHead(status: number, message: string, headers?: Head): this;
  override writeHead(status: number, ...rest: (Head | string | undefined)[]): this {
    const headers = (rest.at(-1) ?? {}) as OutgoingHttpHeaders; // as Connect calls it
    this.#refused = tooLarge(this.stream.session, headers);
    const { 'content-type': type } = headers;
    return super.writeHead(status, this.#refused ? { 'content-type': type } : headers);
  }

  override addTrailers(trailers: OutgoingHttpHeaders): void {
    const refused = this.#refused ?? tooLarge(this.stream.session, trailers);
    super.addTrailers(refused ? shortened(trailers, refused) : trailers);
  }
}

/** An error keeps its code and the beginning of its text; a success that cannot be told is an error. */
function shortened(trailers: OutgoingHttpHeaders, reason: string): OutgoingHttpHeaders {
  const { 'grpc-status': status, 'grpc-message': message } = trailers;
  const failed = status !== undefined && status !== '0';
  const text = failed ? decodeURIComponent(String(message ?? '')).slice(0, shortText) : '';
  return {
    'grpc-status': failed ? status : internal,
    'grpc-message': encodeURIComponent(`${text.toWellFormed()}${text && '... '}(${reason})`),
  };
}
