import { expect, test } from 'vitest';
import { configOf, launchMemory, messageOf } from './fixtures/launch.ts';

const ABOVE_LIMIT = 17 * 1024 * 1024;

test('a message above the limit fails for good, and its neighbours on the stream do not', async () => {
  const { node } = await launchMemory();
  await node.connect(configOf('memory-out', { hang: true }));
  const stream = await node.sendStream();
  const neighbour = stream.send(messageOf('small'));
  const large = stream.send({ ...messageOf('large'), payload: Buffer.alloc(ABOVE_LIMIT) });
  await expect(large).rejects.toMatchObject({ code: 'PAYLOAD_TOO_LARGE', recoverable: false });
  await expect(neighbour).rejects.toMatchObject({ code: 'CONNECTION_FAILED', recoverable: true });
  await expect(stream.send(messageOf('later'))).rejects.toMatchObject({ recoverable: true });

  const next = await node.sendStream();
  await next.close();
});
