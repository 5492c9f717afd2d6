/**
 * One stream of the host, in the contract's terms. The route by which it came hands on its frames, sends
 * out those of the session, and breaks it in the end, however that comes.
 */
export interface StreamSession<Request, Response> {
  /** Takes one frame of the host. One that breaks the rules ends the session, and nothing else. */
  request(frame: Request): void;
  /** Whether the host may send more. What comes nevertheless is taken. */
  readonly hasRoom: boolean;
  /** Resolves when there may be room. Awaited by one. */
  room(): Promise<void>;
  /** The host sends no more: the frames end when all is done. */
  halfClose(): void;
  /** What to send, as it comes: read by one, who reads on when it can be sent. Throws why the session ends. */
  frames(): AsyncGenerator<Response>;
  /**
   * Ends the session at once; idempotent.
   * @param error what the frames end with; without it nobody listens any more
   */
  break(error?: Error): void;
}
