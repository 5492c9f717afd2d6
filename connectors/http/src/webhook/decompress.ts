import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import { Refusal } from './refusal.ts';

type Decode = (body: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>;

const DECODERS: ReadonlyMap<string, Decode> = new Map([
  ['gzip', promisify<Buffer, object, Buffer>(gunzip)],
  ['deflate', promisify<Buffer, object, Buffer>(inflate)],
  ['br', promisify<Buffer, object, Buffer>(brotliDecompress)],
]);

export interface DecompressLimits {
  /** 0 = bodies stay as they are. */
  readonly maxBytes: number;
  readonly maxRatio: number;
}

/** The most bytes that a body of this length may become; 0 if it is not decompressed. */
export function mostInflated(
  encoding: string | undefined,
  length: number,
  { maxBytes, maxRatio }: DecompressLimits,
): number {
  return isCompressed(encoding) ? Math.min(maxBytes, length * maxRatio) : 0;
}

/**
 * The body as it was before compression; it stops at the limits, however much would follow.
 * @throws Refusal
 */
export async function decompress(
  encoding: string | undefined,
  body: Buffer,
  limits: DecompressLimits,
): Promise<Buffer> {
  if (!isCompressed(encoding) || body.length === 0) return body;
  const decode = DECODERS.get(encoding.toLowerCase());
  if (!decode) throw new Refusal(415, 'the content encoding is not one of gzip, deflate and br');
  const most = mostInflated(encoding, body.length, limits);
  try {
    return await decode(body, { maxOutputLength: most });
  } catch (error) {
    const { code } = error as { code?: string };
    throw code === 'ERR_BUFFER_TOO_LARGE'
      ? new Refusal(413, `the body is above ${most} bytes when decompressed`)
      : new Refusal(400, 'the body is not what its content encoding says');
  }
}

function isCompressed(encoding: string | undefined): encoding is string {
  return encoding !== undefined && encoding.toLowerCase() !== 'identity';
}
