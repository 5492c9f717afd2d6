import type { ServerHttp2Stream } from 'node:http2';
import { createAnswers } from './answers.ts';
import { frameCounter } from './frame-counter.ts';

const EMPTY = Buffer.alloc(5);
const UNIMPLEMENTED = '12';

type Serve = (stream: ServerHttp2Stream, path: string | undefined) => void;

/** Answers each call by its name, whatever is in it. */
export function serveCalls(payloadBytes = 0, batch = 1): Serve {
  const answers = createAnswers(payloadBytes, batch);
  const calls: Record<string, (stream: ServerHttp2Stream) => void> = {
    // The broker's, which stays open: its end would tell the host that there is none.
    StartStream: (stream) => {
      begin(stream);
      stream.resume();
    },
    AttachHost: (stream) => unary(stream, EMPTY),
    Connect: (stream) => unary(stream, EMPTY),
    Send: (stream) => unary(stream, answers.receipt),
    Receive: (stream) => unary(stream, answers.delivery),
    Acknowledge: (stream) => unary(stream, EMPTY),
    SendStream: (stream) => {
      const write = frameByFrame(stream, answers.results);
      write(answers.announcement);
    },
    ReceiveStream: (stream) => {
      frameByFrame(stream, answers.deliveries);
    },
    Shutdown: (stream) => {
      stream.once('close', () => process.exit(0));
      unary(stream, EMPTY);
    },
  };
  return (stream, path = '') => {
    const call = calls[path.slice(path.lastIndexOf('/') + 1)];
    if (call) call(stream);
    else refuse(stream);
  };
}

function unary(stream: ServerHttp2Stream, answer: Buffer): void {
  begin(stream);
  stream.once('end', () => stream.end(answer));
  stream.resume();
}

/** Answers each frame of the request by the same frame. */
function frameByFrame(stream: ServerHttp2Stream, answer: Buffer): (frame: Buffer) => void {
  begin(stream);
  const count = frameCounter();
  stream.on('data', (chunk: Buffer) => {
    for (let frames = count(chunk); frames > 0; frames -= 1) stream.write(answer);
  });
  stream.once('end', () => stream.end());
  return (frame) => void stream.write(frame);
}

function begin(stream: ServerHttp2Stream): void {
  const headers = { ':status': 200, 'content-type': 'application/grpc' };
  stream.respond(headers, { waitForTrailers: true });
  stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
}

function refuse(stream: ServerHttp2Stream): void {
  const headers = {
    ':status': 200,
    'content-type': 'application/grpc',
    'grpc-status': UNIMPLEMENTED,
  };
  stream.respond(headers, { endStream: true });
  stream.resume();
}
