import { once } from 'node:events';
import { type IncomingHttpHeaders, type RequestOptions, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { PluginError } from '@vrsky/runtime';
import type { ConnectorHost } from '@vrsky/runtime/plugin';
import { expect, onTestFinished, vi } from 'vitest';
import { slowly } from '../../../../tools/testing/slowness.ts';
import { WebhookSource } from '../../src/source.ts';
import { webhookConfig } from './config.ts';

export type Handed = Awaited<ReturnType<WebhookSource['next']>>;

export interface Webhook {
  readonly source: WebhookSource;
  readonly port: number;
  /** First arguments of everything logged. */
  readonly logged: unknown[];
  next(): Promise<Handed>;
  stop(withinMs?: number): Promise<void>;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface SourceOptions {
  readonly credentials?: Readonly<Record<string, string>>;
  /** What the host's GetSecret knows. */
  readonly secrets?: Readonly<Record<string, string>>;
}

export function createSource(
  settings: object = {},
  { credentials = {}, secrets = {} }: SourceOptions = {},
): { source: WebhookSource; logged: unknown[]; hidden: string[] } {
  const logged: unknown[] = [];
  const write = (first: unknown): number => logged.push(first);
  const log = { warn: write, error: write } as unknown as ConnectorHost['log'];
  const getSecret = async (name: string): Promise<string> => {
    const value = secrets[name];
    if (value === undefined) throw new PluginError('NOT_FOUND', `no secret "${name}"`);
    return value;
  };
  const hidden: string[] = [];
  const hideSecret = (value: string): number => hidden.push(value);
  const host = { log, getSecret, hideSecret };
  return { source: new WebhookSource(webhookConfig(settings, credentials), host), logged, hidden };
}

/** A started webhook; when the test ends it is stopped, which must close every connection. */
export async function startWebhook(
  settings: object = {},
  options: SourceOptions = {},
): Promise<Webhook> {
  const { source, logged } = createSource(settings, options);
  await source.start(AbortSignal.timeout(5000));
  let stopped: Promise<void> | undefined;
  const stop = (withinMs = 0): Promise<void> => {
    stopped ??= source.stop(withinMs ? AbortSignal.timeout(withinMs) : AbortSignal.abort());
    return stopped;
  };
  onTestFinished(() => stop());
  return {
    source,
    logged,
    port: Number(source.health().details['port']),
    next: () => source.next(AbortSignal.timeout(5000)),
    stop,
  };
}

/** Takes the next message, which is acked at once, and gives it with what the sender was answered. */
export async function deliver(
  webhook: Webhook,
  call: Promise<Answer>,
): Promise<{ message: Handed['message']; answer: Answer }> {
  const handed = await webhook.next();
  webhook.source.ack(handed, undefined);
  return { message: handed.message, answer: await call };
}

/** What a request is answered, where the host acks whatever comes; nothing is left in flight. */
export async function statusOf(
  webhook: Webhook,
  headers: Record<string, string | string[]>,
  path = '/',
): Promise<number> {
  const answered = new AbortController();
  const call = post(webhook.port, path, 'x', { headers });
  const taking = webhook.source.next(answered.signal).then(
    (handed) => webhook.source.ack(handed, undefined),
    () => {},
  );
  const { status } = await call;
  answered.abort();
  await taking;
  expect(inFlight(webhook)).toBe(0);
  return status;
}

/** One request over a connection of its own, unless an agent is given. */
export async function post(
  port: number,
  path: string,
  body: string | Uint8Array = '',
  options: RequestOptions = {},
): Promise<Answer> {
  const call = request({ host: '127.0.0.1', port, path, method: 'POST', agent: false, ...options });
  call.end(body);
  const [response] = await once(call, 'response');
  response.setEncoding('utf8');
  let text = '';
  for await (const chunk of response) text += chunk;
  return { status: response.statusCode, headers: response.headers, body: text };
}

/** A connection for bytes that no HTTP client would send; `received` grows until it is closed. */
export async function rawConnection(
  port: number,
): Promise<{ socket: Socket; received: () => string; ended: Promise<unknown> }> {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.setEncoding('latin1').on('data', (chunk) => {
    text += chunk;
  });
  socket.on('error', () => {});
  const ended = new Promise((resolve) => socket.once('close', resolve));
  onTestFinished(() => {
    socket.destroy();
  });
  await once(socket, 'connect');
  return { socket, received: () => text, ended };
}

/** Sends the bytes and gives the status line of what comes back. */
export async function rawStatus(port: number, bytes: string): Promise<string> {
  const { socket, received } = await rawConnection(port);
  socket.write(bytes, 'latin1');
  await until(() => received().includes('\r\n'));
  return received().split('\r\n')[0] ?? '';
}

/** Waits until the condition holds, at most 5 s. */
export async function until(condition: () => boolean): Promise<void> {
  await vi.waitUntil(condition, { timeout: slowly(5000), interval: 5 });
}

export function inFlight({ source }: Webhook): number {
  return Number(source.health().details['inFlight']);
}
