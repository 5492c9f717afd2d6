import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { Aedes } from 'aedes';

/** The broker of the example: takes everything and tells of each message that a client publishes. */
export async function startBroker(
  onMessage: (topic: string, bytes: number) => void,
): Promise<{ url: string; close(): void }> {
  const aedes = await Aedes.createBroker();
  aedes.on('publish', ({ topic, payload }, client) => {
    if (client) onMessage(topic, payload.length);
  });
  const server = createServer(aedes.handle);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `mqtt://127.0.0.1:${port}`,
    close: () => {
      server.close();
      aedes.close();
    },
  };
}
