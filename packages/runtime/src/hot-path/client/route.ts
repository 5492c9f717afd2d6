import type { CallConnection } from '@vrsky/go-plugin';
import { ConnectionNode } from '../../gen/vrsky/connector/v1/connection_node_pb.ts';
import { incomplete } from '../../host/incomplete.ts';
import type { Route } from '../../host/route.ts';
import {
  receiveStreamRequest,
  receiveStreamResponse,
  sendStreamRequest,
  sendStreamResponse,
} from '../codec/streams.ts';
import {
  acknowledgeRequest,
  acknowledgeResponse,
  receiveRequest,
  receiveResponse,
  sendRequest,
  sendResponse,
} from '../codec/unary.ts';
import { openStream } from './stream.ts';
import { callUnary } from './unary.ts';

const { method } = ConnectionNode;
const SEND = {
  path: pathOf(method.send),
  request: sendRequest,
  response: sendResponse,
  incomplete: () => incomplete('Send'),
};
const RECEIVE = {
  path: pathOf(method.receive),
  request: receiveRequest,
  response: receiveResponse,
  incomplete: () => incomplete('Receive'),
};
const ACKNOWLEDGE = {
  path: pathOf(method.acknowledge),
  request: acknowledgeRequest,
  response: acknowledgeResponse,
  incomplete: () => incomplete('Acknowledge'),
};
const SEND_STREAM = {
  path: pathOf(method.sendStream),
  request: sendStreamRequest,
  response: sendStreamResponse,
};
const RECEIVE_STREAM = {
  path: pathOf(method.receiveStream),
  request: receiveStreamRequest,
  response: receiveStreamResponse,
};

/** Straight on the connection's HTTP/2 session, by our own codec. */
export function hotRoute(connection: CallConnection): Route {
  return {
    send: (message, options) => callUnary(connection, SEND, message, options),
    receive: (options) => callUnary(connection, RECEIVE, { explicitAck: true }, options),
    acknowledge: (settlements, options) => callUnary(connection, ACKNOWLEDGE, settlements, options),
    sendStream: (incoming, signal) => openStream(connection, SEND_STREAM, incoming, signal),
    receiveStream: (incoming, signal) => openStream(connection, RECEIVE_STREAM, incoming, signal),
  };
}

function pathOf({ parent, name }: (typeof method)[keyof typeof method]): string {
  return `/${parent.typeName}/${name}`;
}
