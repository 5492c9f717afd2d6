import { expect, onTestFinished, test, vi } from 'vitest';
import { whenArrived } from '../src/index.ts';
import { serveTest } from '../src/server/index.ts';
import { FrameClient, frameTypes } from './support/frames.ts';

/** A server whose only call answers at once; what became of each answer is in `fates`, in the order of the reports. */
async function open(
  confirmAnswers = true,
): Promise<{ client: FrameClient; fates: [stream: number, arrived: boolean][] }> {
  const fates: [number, boolean][] = [];
  const server = await serveTest({
    confirmAnswers,
    versions: {
      1: () => ({
        routes: () => {},
        inFront: () => (stream) => {
          whenArrived(stream, (arrived) => fates.push([Number(stream.id), arrived]));
          stream.respond({ ':status': 200 }, { waitForTrailers: true });
          stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
          stream.end('answer');
        },
      }),
    },
  });
  onTestFinished(() => server.close());
  const client = await FrameClient.connect(server.reattachConfig.address.address);
  onTestFinished(() => void client.socket.destroy());
  return { client, fates };
}

async function answered(client: FrameClient, streamId: number): Promise<void> {
  client.request(streamId, '/call');
  await client.endOf(streamId);
}

test('an answer has arrived when the client has returned two PINGs that were sent after it', async () => {
  const { client, fates } = await open();
  await answered(client, 1);
  client.returnPing(await client.ping());
  const second = await client.ping();
  expect(fates).toEqual([]);
  client.returnPing(second);
  await vi.waitFor(() => expect(fates).toEqual([[1, true]]));
});

test('a reset after the end of the answer means that it did not arrive, without waiting for a PING', async () => {
  const { client, fates } = await open();
  await answered(client, 1);
  client.socket.write(client.reset(1));
  await vi.waitFor(() => expect(fates).toEqual([[1, false]]));
});

test('a reset between the PINGs means that the answer did not arrive', async () => {
  const { client, fates } = await open();
  await answered(client, 1);
  client.returnPing(await client.ping());
  const second = await client.ping();
  client.socket.write(client.reset(1));
  client.returnPing(second);
  await vi.waitFor(() => expect(fates).toEqual([[1, false]]));
});

test('a reset that comes in single bytes is seen', async () => {
  const { client, fates } = await open();
  await answered(client, 1);
  for (const byte of client.reset(1)) {
    await new Promise<void>((resolve) => {
      client.socket.write(Buffer.from([byte]), () => resolve());
    });
  }
  await vi.waitFor(() => expect(fates).toEqual([[1, false]]));
});

test('the end of the connection before its PINGs means that the answer did not arrive', async () => {
  const { client, fates } = await open();
  await answered(client, 1);
  client.returnPing(await client.ping());
  await client.ping();
  client.socket.destroy();
  await vi.waitFor(() => expect(fates).toEqual([[1, false]]));
});

test('a PING that was sent before an answer confirms nothing of it', async () => {
  const { client, fates } = await open();
  await answered(client, 1);
  const ofTheFirst = await client.ping();
  await answered(client, 3);
  client.returnPing(ofTheFirst); // sent before the answer to 3
  client.returnPing(await client.ping()); // the second for 1, the first for 3
  await vi.waitFor(() => expect(fates).toEqual([[1, true]]));
  client.returnPing(await client.ping());
  await vi.waitFor(() =>
    expect(fates).toEqual([
      [1, true],
      [3, true],
    ]),
  );
});

test('answers that are dropped while a PING is under way leave the order of PINGs alone', async () => {
  const { client, fates } = await open();
  await answered(client, 1);
  const ping = await client.ping();
  client.socket.write(client.reset(1));
  await vi.waitFor(() => expect(fates).toEqual([[1, false]]));
  await answered(client, 3);
  client.returnPing(ping); // sent before the answer to 3
  client.returnPing(await client.ping());
  const last = await client.ping();
  expect(fates).toEqual([[1, false]]);
  client.returnPing(last);
  await vi.waitFor(() =>
    expect(fates).toEqual([
      [1, false],
      [3, true],
    ]),
  );
});

test('without confirmAnswers no PING is sent, and an answer that has left counts as arrived', async () => {
  const { client, fates } = await open(false);
  await answered(client, 1);
  await answered(client, 3);
  await vi.waitFor(() =>
    expect(fates).toEqual([
      [1, true],
      [3, true],
    ]),
  );
  expect(client.frames.filter(({ type }) => type === frameTypes.ping)).toEqual([]);
});

test('a reset of a stream that was never opened ends neither the connection nor its calls', async () => {
  const { client, fates } = await open();
  client.socket.write(Buffer.concat([client.reset(5), client.reset(3)]));
  for (const byte of client.reset(7)) client.socket.write(Buffer.from([byte]));
  await answered(client, 9);
  client.returnPing(await client.ping());
  client.returnPing(await client.ping());
  await vi.waitFor(() => expect(fates).toEqual([[9, true]]));
  expect(client.frames.filter(({ type }) => type === frameTypes.goaway)).toEqual([]);
});
