/** Unread bytes per call that a peer may send ahead. */
const streamWindow = 4 * 1024 * 1024;
/** Unread bytes per connection. Node.js starts with 64 KiB, which halves the throughput of large messages. */
export const connectionWindow: number = 16 * 1024 * 1024;

/** What a gRPC server or client takes when nothing is said: the limit of gRPC itself for servers, bounded for hosts. */
export const defaultServerMessageBytes: number = 4 * 1024 * 1024;
export const defaultClientMessageBytes: number = 64 * 1024 * 1024;

/** How long a side that listens may take for its first frame: it may still be loading, on a slow machine. */
export const defaultConnectMs: number = 60_000;

/**
 * Bytes of metadata in one head, or in trailers: what nghttp2 can take. It is announced, so that peers fail a call with
 * more by themselves; sent all the same, it costs the connection.
 */
const largestHead = 65_536;

/** HTTP/2 options of both roles. */
export const sessionOptions: {
  readonly settings: {
    readonly initialWindowSize: number;
    readonly enablePush: false;
    readonly maxHeaderListSize: number;
  };
  readonly maxSessionMemory: number;
  readonly maxHeaderListPairs: number;
  readonly maxSendHeaderBlockLength: number;
} = {
  settings: {
    initialWindowSize: streamWindow,
    enablePush: false,
    maxHeaderListSize: largestHead,
  },
  // MiB. Beyond it Node.js refuses streams; a few large messages in flight reach the default of 10.
  maxSessionMemory: 256,
  // As many as fit, and what Go peers take: they announce 16 MiB.
  maxHeaderListPairs: 4096,
  maxSendHeaderBlockLength: 16 * 1024 * 1024,
};

/** A host that cancels many calls at once is no attacker: the peer is pinned, or of the same user. */
export const serverOptions: {
  readonly streamResetBurst: number;
  readonly streamResetRate: number;
} = { streamResetBurst: 100_000, streamResetRate: 10_000 };
