/** What libuv reads of a socket at once, before JavaScript sees and bounds it. */
const READ_BYTES = 64 * 1024;
/** Most sockets are idle: a small limit is not used up by them. */
const MOST_OF_SOCKETS = 1 / 8;
/** What garbage and malloc's pieces came to in floods, above what was counted. */
const UNCOUNTED = 1 / 16;

/** What this process may come to hold beside all that is counted, in bytes. */
export function reservedBytes(limitBytes: number): number {
  const sockets = process.getActiveResourcesInfo().filter((type) => type === 'TCPSocketWrap');
  const read = Math.min(sockets.length * READ_BYTES, limitBytes * MOST_OF_SOCKETS);
  return read + limitBytes * UNCOUNTED;
}
