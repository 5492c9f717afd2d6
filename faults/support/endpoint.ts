import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { missingOf } from './numbers.ts';

export interface Endpoint {
  readonly url: string;
  /** How often each number has arrived. */
  readonly arrived: ReadonlyMap<number, number>;
}

/** The outside system that an integration delivers to: it counts what it got, bodies with a number. */
export async function startEndpoint(): Promise<Endpoint> {
  const arrived = new Map<number, number>();
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', () => {
      const n = Number(body);
      arrived.set(n, (arrived.get(n) ?? 0) + 1);
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

/** What became of the numbers 0 to `count - 1`. */
export function numbersAt(
  { arrived }: Endpoint,
  count: number,
): { lost: number; duplicates: number } {
  const copies = [...arrived.values()].reduce((sum, times) => sum + times, 0);
  const lost = missingOf(count, new Set(arrived.keys())).length;
  return { lost, duplicates: copies - arrived.size };
}
