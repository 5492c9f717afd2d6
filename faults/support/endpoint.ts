import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export interface Endpoint {
  readonly url: string;
  /** How often each body has arrived. */
  readonly arrived: ReadonlyMap<string, number>;
}

/** The outside system that an integration delivers to: it counts what it got. */
export async function startEndpoint(): Promise<Endpoint> {
  const arrived = new Map<string, number>();
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', () => {
      arrived.set(body, (arrived.get(body) ?? 0) + 1);
      response.end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, arrived };
}
