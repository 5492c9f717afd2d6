import type { IncomingHttpHeaders } from 'node:http2';
import { Code, ConnectError } from '@connectrpc/connect';
import type { StreamHandler } from '@vrsky/go-plugin';
import { ConnectionNode } from '../../gen/vrsky/connector/v1/connection_node_pb.ts';
import type { MessageCalls } from '../../plugin/message-calls.ts';
import { MalformedError } from '../codec/malformed.ts';
import * as streams from '../codec/streams.ts';
import * as unary from '../codec/unary.ts';
import { ServerCall } from './call.ts';
import { serveStream } from './stream.ts';
import { parseTimeout } from './timeout.ts';
import { serveUnary } from './unary.ts';

const CONTENT_TYPES = new Set<unknown>(['application/grpc', 'application/grpc+proto']);
const { method } = ConnectionNode;

export interface FrontOptions {
  readonly calls: MessageCalls;
  readonly maxMessageBytes: number;
  /** Makes any failure of a method a status. */
  readonly toStatus: (thrown: unknown, method: string) => ConnectError;
}

/**
 * Answers the five calls that messages travel by, straight on their HTTP/2 streams. Everything else goes
 * on, also such a call if there is anything unusual in its head: other encodings, compression, a wrong
 * method or timeout.
 */
export function inFront(options: FrontOptions): (next: StreamHandler) => StreamHandler {
  const { calls, maxMessageBytes: max, toStatus } = options;
  const serve: Record<string, (call: ServerCall) => void> = {
    [pathOf(method.send)]: (call) =>
      serveUnary(call, max, unary.sendRequest, unary.sendResponse, (message) =>
        calls.send(message, call),
      ),
    [pathOf(method.receive)]: (call) =>
      serveUnary(call, max, unary.receiveRequest, unary.receiveResponse, ({ explicitAck }) =>
        calls.receive(explicitAck, call.stream, call),
      ),
    [pathOf(method.acknowledge)]: (call) =>
      serveUnary(call, max, unary.acknowledgeRequest, unary.acknowledgeResponse, (settlements) =>
        calls.acknowledge(settlements),
      ),
    [pathOf(method.sendStream)]: (call) =>
      void serveStream(call, max, streams.sendStreamRequest, streams.sendStreamResponse, () =>
        calls.openSendStream(),
      ),
    [pathOf(method.receiveStream)]: (call) =>
      void serveStream(call, max, streams.receiveStreamRequest, streams.receiveStreamResponse, () =>
        calls.openReceiveStream(),
      ),
  };
  const statusOf = (thrown: unknown, path: string): ConnectError => {
    if (thrown instanceof MalformedError) {
      return new ConnectError(`parse binary: ${thrown.message}`, Code.Internal);
    }
    return toStatus(thrown, path.slice(path.lastIndexOf('/') + 1));
  };
  return (next) => (stream, headers, rawHeaders) => {
    const path = headers[':path'] ?? '';
    const timeoutMs = parseTimeout(headers['grpc-timeout']);
    if (!Object.hasOwn(serve, path) || !isUsual(headers) || Number.isNaN(timeoutMs)) {
      return next(stream, headers, rawHeaders);
    }
    serve[path]?.(new ServerCall(stream, timeoutMs, (thrown) => statusOf(thrown, path)));
  };
}

function pathOf({ parent, name }: (typeof method)[keyof typeof method]): string {
  return `/${parent.typeName}/${name}`;
}

function isUsual(headers: IncomingHttpHeaders): boolean {
  return (
    headers[':method'] === 'POST' &&
    CONTENT_TYPES.has(headers['content-type']) &&
    (headers['grpc-encoding'] ?? 'identity') === 'identity'
  );
}
