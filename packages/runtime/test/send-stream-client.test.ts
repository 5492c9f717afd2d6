import { fileURLToPath } from 'node:url';
import type { ConnectorProcess, SendStream } from '@vrsky/runtime/host';
import { describe, expect, test } from 'vitest';
import {
  configOf,
  createGates,
  launchMemory,
  messageOf,
  runFromSource,
} from './fixtures/launch.ts';

const manualConnector = fileURLToPath(new URL('./fixtures/manual-connector.ts', import.meta.url));

interface Manual {
  readonly stream: SendStream;
  /** Has the connector answer its oldest message. */
  answer(): Promise<unknown>;
  /** Has the connector end the stream. */
  end(): Promise<unknown>;
  /** What came so far. */
  came(): Promise<Readonly<Record<string, string>>>;
}

/** A stream to a connector that takes so many messages at a time and answers when it is told to. */
async function openManual(maxInFlight: number): Promise<Manual> {
  const { node } = await launchMemory({
    args: [...runFromSource, manualConnector, String(maxInFlight)],
  });
  return {
    stream: await node.sendStream(),
    answer: () => node.send(messageOf('answer')),
    end: () => node.send(messageOf('end')),
    came: async () => (await node.health()).details,
  };
}

async function launchOut(gates = createGates()): Promise<ConnectorProcess['node']> {
  const { node } = await launchMemory({}, gates);
  await node.connect(configOf('memory-out'));
  return node;
}

describe('frames', () => {
  test('carry what was sent within one turn, in order', async () => {
    const { stream, came } = await openManual(1000);
    for (const text of ['a', 'b', 'c']) {
      void stream.send(messageOf(text)).catch(() => {});
      await Promise.resolve(); // still the same turn
    }
    await expect.poll(came).toMatchObject({ frames: '3' });
    void stream.send(messageOf('d')).catch(() => {});
    await expect.poll(came).toMatchObject({ frames: '3, 1' });
  });

  test.each([
    ['256 messages', 300, 1, '256, 44'],
    ['1 MiB', 3, 500_000, '2, 1'],
    ['one larger message', 2, 2_000_000, '1, 1'],
  ])('carry at most %s', async (_, count, bytes, frames) => {
    const { stream, came } = await openManual(1000);
    for (let i = 0; i < count; i++) {
      const message = { ...messageOf(`${i}`), payload: new Uint8Array(bytes) };
      void stream.send(message).catch(() => {});
    }
    await expect.poll(came).toMatchObject({ frames });
  });
});

describe('the room that the connector announced', () => {
  test('is respected, and used again when a message is answered', async () => {
    const { stream, answer, came } = await openManual(2);
    const sends = ['a', 'b', 'c', 'd', 'e'].map((text) => stream.send(messageOf(text)));
    for (const [i, send] of sends.entries()) {
      await expect.poll(came).toMatchObject({ now: `${Math.min(2, sends.length - i)}` });
      await answer();
      await send;
    }
    expect(await came()).toMatchObject({ most: '2' });
  });

  test('is not given back by a caller who gives up on a message that was sent', async () => {
    const { stream, answer, came } = await openManual(1);
    const cancel = new AbortController();
    const given = stream.send(messageOf('a'), { signal: cancel.signal });
    await expect.poll(came).toMatchObject({ now: '1' });
    const next = stream.send(messageOf('b'));
    cancel.abort();
    await expect(given).rejects.toMatchObject({ name: 'AbortError' });
    await answer();
    await expect.poll(came).toMatchObject({ frames: '1, 1', most: '1' });
    await answer();
    expect(await next).toMatchObject({ messageId: '' });
  });
});

describe('a caller who gives up', () => {
  test('before the message was sent keeps it from being sent', async () => {
    const { stream, answer, came } = await openManual(1);
    const first = stream.send(messageOf('a'));
    const cancel = new AbortController();
    const given = stream.send(messageOf('b'), { signal: cancel.signal });
    cancel.abort('no error, only a word');
    await expect(given).rejects.toBe('no error, only a word');
    const third = stream.send(messageOf('c'));
    for (const send of [first, third]) {
      await expect.poll(came).toMatchObject({ now: '1' });
      await answer();
      await send;
    }
    expect(await came()).toMatchObject({ ids: 'id-a, id-c' });
  });

  test('before the call gets the reason at once', async () => {
    const { stream } = await openManual(1);
    const signal = AbortSignal.abort(new Error('never mind'));
    await expect(stream.send(messageOf('a'), { signal })).rejects.toThrow('never mind');
  });

  test('by a time limit that the connector does not heed gets a TimeoutError', async () => {
    const { stream } = await openManual(1);
    const unanswered = stream.send(messageOf('a'), { timeoutMs: 1 });
    await expect(unanswered).rejects.toMatchObject({ name: 'TimeoutError' });
  });

  test('by a time limit above what a timer can hold waits', async () => {
    const { stream, answer, came } = await openManual(1);
    const send = stream.send(messageOf('a'), { timeoutMs: 2 ** 31 });
    await expect.poll(came).toMatchObject({ now: '1' });
    await answer();
    await expect(send).resolves.toMatchObject({ messageId: '' });
  });
});

describe('close', () => {
  test('waits for what is under way and for what waits for room, and takes no more', async () => {
    const gates = createGates();
    const node = await launchOut(gates);
    const stream = await node.sendStream();
    const send = stream.send(messageOf('gate x'));
    const sends = Array.from({ length: 1100 }, (_, i) => stream.send(messageOf(`${i}`)));
    let closed = false;
    const closing = stream.close().then(() => (closed = true));
    await expect(stream.send(messageOf('b'))).rejects.toMatchObject({ code: 'NOT_CONNECTED' });
    expect(await Promise.all(sends)).toHaveLength(1100);
    expect(closed).toBe(false);
    gates.open('x');
    await send;
    await closing;
    await expect(stream.send(messageOf('b'))).rejects.toMatchObject({ code: 'NOT_CONNECTED' });
  });

  test('of an unused stream resolves', async () => {
    const stream = await (await launchOut()).sendStream();
    await expect(stream.close()).resolves.toBeUndefined();
  });
});

describe('a stream that is lost', () => {
  test('with its process rejects what is pending, and what comes later', async () => {
    const gates = createGates();
    const node = await launchOut(gates);
    const stream = await node.sendStream();
    const sends = [stream.send(messageOf('gate x'))];
    await gates.reached('x');
    sends.push(stream.send(messageOf('crash')));
    const failures = await Promise.allSettled(sends);
    const lost = { reason: { code: 'CONNECTION_FAILED', recoverable: true } };
    expect(failures).toMatchObject([lost, lost]);
    await stream.closed;
    await expect(stream.send(messageOf('b'))).rejects.toMatchObject(lost.reason);
    await expect(node.sendStream()).rejects.toMatchObject(lost.reason);
  });

  test('because the connector ended it leaves the outcome of the unanswered unknown', async () => {
    const { stream, end, came } = await openManual(1);
    const send = stream.send(messageOf('a'));
    await expect.poll(came).toMatchObject({ now: '1' });
    const lost = { code: 'CONNECTION_FAILED', recoverable: true };
    await Promise.all([expect(send).rejects.toMatchObject(lost), end()]);
  });
});
