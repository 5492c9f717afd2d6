import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo, Server as NetServer } from 'node:net';
import type { ConnectionConfig, Message, PluginError } from '@vrsky/runtime';
import type { SendOutcome } from '@vrsky/runtime/plugin';
import { expect, onTestFinished, vi } from 'vitest';
import { slowly } from '../../../../tools/testing/slowness.ts';
import { RestDestination } from '../../src/destination.ts';
import { restConfig } from './config.ts';
import { messageOf } from './message.ts';

export { messageOf };

export const signal: AbortSignal = AbortSignal.timeout(600_000);

/** A started destination; when the test ends it is stopped. */
export async function startRest(
  settings: object,
  more: Partial<ConnectionConfig> = {},
): Promise<{
  readonly destination: RestDestination;
  /** What the runtime was told to keep out of logs. */
  readonly hidden: readonly string[];
  send(...messages: Message[]): Promise<readonly SendOutcome[]>;
}> {
  const hidden: string[] = [];
  const host = { hideSecret: (value: string) => void hidden.push(value) };
  const destination = new RestDestination(restConfig(settings, more), host);
  onTestFinished(() => destination.stop());
  await destination.start(signal);
  return { destination, hidden, send: (...messages) => destination.send(messages, signal) };
}

/** Serves until the test ends, and then waits until the destination has closed every connection. */
export async function serveHttp(
  listener: RequestListener,
): Promise<{ server: Server; url: string }> {
  const server = createServer(listener);
  return { server, url: `http://127.0.0.1:${await listenForTest(server)}` };
}

export interface Seen extends Pick<IncomingMessage, 'method' | 'url' | 'headers'> {
  /** Each byte one character. */
  readonly body: string;
}

/** Reads whole requests, and answers 200 with headers and a body unless told otherwise. */
export async function serveRecorder(
  answer: (response: ServerResponse, request: Seen) => unknown = thank,
): Promise<{ url: string; seen: Seen[]; sockets: Set<unknown> }> {
  const seen: Seen[] = [];
  const sockets = new Set<unknown>();
  const { url } = await serveHttp(async (request, response) => {
    sockets.add(request.socket);
    let body = '';
    for await (const chunk of request.setEncoding('latin1')) body += chunk;
    const one = { method: request.method, url: request.url, headers: request.headers, body };
    seen.push(one);
    answer(response, one);
  });
  return { url, seen, sockets };
}

function thank(response: ServerResponse): void {
  response.setHeader('X-Remote-Id', 'r-1').setHeader('Set-Cookie', 'session=1').end('thanks');
}

export async function listenForTest(server: NetServer, host = '127.0.0.1'): Promise<number> {
  let open = 0;
  server.on('connection', (socket) => {
    open += 1;
    socket
      .on('error', () => {})
      .on('close', () => {
        open -= 1;
      });
  });
  server.listen(0, host);
  await once(server, 'listening');
  onTestFinished(async () => {
    server.close();
    await vi.waitFor(() => expect(open).toBe(0), { timeout: slowly(5000), interval: 5 });
  });
  return (server.address() as AddressInfo).port;
}

/** The one outcome of a send that failed. */
export async function sendFailure(sending: Promise<readonly SendOutcome[]>): Promise<PluginError> {
  const [outcome] = await sending;
  expect(outcome).toHaveProperty('rawMessage');
  return outcome as PluginError;
}
