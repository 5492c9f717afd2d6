/** What a host is told of a case: both hosts take the same, as JSON. Times are in milliseconds. */
export interface HostOptions {
  readonly call: Call | 'start';
  readonly payloadBytes?: number;
  /** Unary calls, or frames of a stream, under way at a time. */
  readonly inFlight?: number;
  /** Messages that are sent, or granted, at a time. */
  readonly batch?: number;
  readonly mtls?: boolean;
  readonly warmUpMs?: number;
  readonly timeMs?: number;
  /** Ends the measurement, instead of the time. */
  readonly messages?: number;
  /** Rest before and after the load, so that memory is read at rest, and before each start. */
  readonly settleMs?: number;
  /** How long a slow host takes for each frame of a ReceiveStream. */
  readonly pauseMs?: number;
  /** For the call `start`: how often. */
  readonly starts?: number;
  /** For a plugin that reads nothing: its answers have the right size and number only. */
  readonly fixedAnswers?: boolean;
}

export type Call = 'send' | 'receive' | 'receive-ack' | 'send-stream' | 'receive-stream';

/** What a host tells of a load. Latencies are in microseconds, CPU times in seconds. */
export interface LoadResult {
  readonly messages: number;
  /** Frames of a stream that came in. */
  readonly frames: number;
  readonly seconds: number;
  readonly p50: number;
  readonly p99: number;
  readonly hostCpu: number;
  readonly pluginCpu: number;
  /** Of the plugin. */
  readonly rss: { readonly idle: Memory; readonly after: Memory; readonly peak: Memory };
  /** Anonymous memory at each tenth of a run that ends by a number of messages. */
  readonly series: readonly number[];
}

/** Resident, in bytes. */
export interface Memory {
  readonly anon: number;
  readonly total: number;
}

/** What a host tells of the call `start`: times to the handshake line. */
export interface StartResult {
  readonly milliseconds: readonly number[];
}
