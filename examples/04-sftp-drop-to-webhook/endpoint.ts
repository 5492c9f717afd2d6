import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** The receiving end of the example: takes every POST and tells of it. */
export async function startEndpoint(
  onPost: (messageId: string, bytes: number) => void,
): Promise<{ url: string; close(): void }> {
  const server = createServer((request, response) => {
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    request.on('end', () => {
      onPost(String(request.headers['x-message-id']), bytes);
      response.end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/orders`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
