import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { callerOf } from '../src/plugin/caller.ts';
import { Deliveries } from '../src/plugin/delivery/deliveries.ts';
import { createIntake, type Intake, type Room } from '../src/plugin/delivery/intake.ts';
import { stamp } from '../src/plugin/identity.ts';
import type { Incoming } from '../src/plugin/source.ts';

const never = new AbortController().signal;
let intake: Intake<Incoming>;
let settled: string[];
let host: object;

beforeEach(() => {
  intake = createIntake({ maxCount: 5000, maxBytes: 1 << 30 });
  settled = [];
  host = {};
});

function deliveriesOf(ackTimeoutMs?: number): Deliveries {
  const source = {
    ackTimeoutMs,
    start: async () => {},
    next: intake.next,
    ack: ({ message }: Incoming) => void settled.push(`ack ${message.id}`),
    nack: ({ message }: Incoming, kind: string) => void settled.push(`${kind} ${message.id}`),
    stop: async () => {},
  };
  const fault = (error: unknown): void => expect.fail(String(error));
  return new Deliveries(source, (message) => stamp(message, 'test', undefined), fault);
}

function arrive(...ids: string[]): Incoming[] {
  const incoming = ids.map((id) => ({ message: { id, payload: Buffer.from(id) } }));
  for (const one of incoming) intake.push(one, roomIn(intake, one.message.payload.length));
  return incoming;
}

function roomIn(door: Intake<Incoming>, bytes: number): Room {
  const room = door.reserve(bytes);
  if (!room) throw new Error('the intake is full');
  return room;
}

async function receive(deliveries: Deliveries, from = host): Promise<[string, string]> {
  const { deliveryId, parcel } = await deliveries.receive(
    from,
    callerOf(AbortSignal.timeout(2000)),
  );
  return [parcel.message.id, deliveryId];
}

test('concurrent receives each get another message, in order of arrival', async () => {
  const deliveries = deliveriesOf();
  const received = Promise.all([receive(deliveries), receive(deliveries), receive(deliveries)]);
  arrive('a', 'b', 'c');
  expect((await received).map(([id]) => id)).toEqual(['a', 'b', 'c']);
});

test('an ack reaches the source once, and the second is unknown', async () => {
  const deliveries = deliveriesOf();
  arrive('a');
  const [, deliveryId] = await receive(deliveries);
  expect(await deliveries.settle({ deliveryId, outcome: 'ack' })).toBe(true);
  expect(await deliveries.settle({ deliveryId, outcome: 'ack' })).toBe(false);
  expect(settled).toEqual(['ack a']);
});

test('a final nack counts as done outside', async () => {
  const deliveries = deliveriesOf();
  arrive('a');
  const [, deliveryId] = await receive(deliveries);
  expect(await deliveries.settle({ deliveryId, outcome: 'reject' })).toBe(true);
  expect(settled).toEqual(['reject a']);
});

test('a recoverable nack offers the message again first, under a new id', async () => {
  const deliveries = deliveriesOf();
  arrive('a', 'b');
  const [, deliveryId] = await receive(deliveries);
  await deliveries.settle({ deliveryId, outcome: 'retry' });
  const [id, again] = await receive(deliveries);
  expect(id).toBe('a');
  expect(again).not.toBe(deliveryId);
  expect(settled).toEqual([]);
});

test('a delayed nack lets others go first', async () => {
  const deliveries = deliveriesOf();
  arrive('a', 'b');
  const [, deliveryId] = await receive(deliveries);
  await deliveries.settle({ deliveryId, outcome: 'retry', delayMs: 20 });
  expect((await receive(deliveries))[0]).toBe('b');
  expect((await receive(deliveries))[0]).toBe('a');
});

describe('a time above what a timer can hold', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test.each([
    ['a delay', undefined, 2 ** 40],
    ['a lease', 2 ** 40, 0],
  ])('is not over at once, as %s', async (_, ackTimeoutMs, delayMs) => {
    const deliveries = deliveriesOf(ackTimeoutMs);
    arrive('a');
    const [, deliveryId] = await receive(deliveries);
    if (delayMs) await deliveries.settle({ deliveryId, outcome: 'retry', delayMs });
    const now = performance.now();
    vi.advanceTimersToNextTimer();
    expect(performance.now() - now).toBe(2 ** 31 - 1);
  });
});

describe('when the lease ends', () => {
  test('the message comes again, and the late ack is unknown', async () => {
    const deliveries = deliveriesOf(30);
    arrive('a');
    const [, late] = await receive(deliveries);
    const [id, deliveryId] = await receive(deliveries);
    expect(id).toBe('a');
    expect(await deliveries.settle({ deliveryId: late, outcome: 'ack' })).toBe(false);
    expect(await deliveries.settle({ deliveryId, outcome: 'ack' })).toBe(true);
    expect(settled).toEqual(['ack a']);
  });

  test('a message that the source has withdrawn does not come again', async () => {
    const deliveries = deliveriesOf(30);
    const [first] = arrive('a', 'b');
    await receive(deliveries);
    if (first) first.withdrawn = true;
    expect((await receive(deliveries))[0]).toBe('b');
    expect((await receive(deliveries))[0]).toBe('b'); // its lease ended: "a" is not among them
  });
});

test('the end of a host connection gives back all its messages, in order, and no others', async () => {
  const deliveries = deliveriesOf();
  const other = {};
  arrive('a', 'b', 'c', 'd');
  await receive(deliveries);
  const [, kept] = await receive(deliveries, other);
  await receive(deliveries);
  deliveries.holderGone(host);
  const again = [await receive(deliveries), await receive(deliveries), await receive(deliveries)];
  expect(again.map(([id]) => id)).toEqual(['a', 'c', 'd']);
  expect(await deliveries.settle({ deliveryId: kept, outcome: 'ack' })).toBe(true);
});

test('a cancelled receive rejects at once and loses nothing', async () => {
  const deliveries = deliveriesOf();
  const cancel = new AbortController();
  const cancelled = deliveries.receive(host, callerOf(cancel.signal));
  cancel.abort(new Error('changed my mind'));
  await expect(cancelled).rejects.toThrow('changed my mind');
  arrive('a');
  expect((await receive(deliveries))[0]).toBe('a');
});

test.each([
  { remainingMs: 1000, marginMs: 50 },
  { remainingMs: 40, marginMs: 10 },
])(
  'nothing is handed out in the last $marginMs ms of a receive of $remainingMs ms',
  async ({ remainingMs, marginMs }) => {
    const deliveries = deliveriesOf();
    const begun = performance.now();
    const late = { signal: never, onGone: () => {}, offGone: () => {} };
    const within = (ms: number): object => ({ ...late, deadlineAt: performance.now() + ms });
    const tooLate = deliveries.receive(host, within(remainingMs) as never);
    const taken = vi.fn<(lease: unknown) => void>();
    void tooLate.then(taken);
    // Busy, so that no timer is late: the moment of the arrival is what counts.
    while (performance.now() - begun < remainingMs - marginMs + 1);
    arrive('a');
    expect((await receive(deliveries))[0]).toBe('a');
    expect(taken).not.toHaveBeenCalled();
  },
);

test('a host that acks nothing is handed 1024 messages and no more, until it acks one', async () => {
  const deliveries = deliveriesOf();
  arrive(...Array.from({ length: 1100 }, (_, i) => `m${i}`));
  const handed: string[] = [];
  for (let i = 0; i < 1024; i++) handed.push((await receive(deliveries))[1]);
  const next = vi.fn<(lease: unknown) => void>();
  const waiting = deliveries.receive(host, callerOf(never)).then(next);
  await new Promise((resolve) => setImmediate(resolve));
  expect(next).not.toHaveBeenCalled();
  await deliveries.settle({ deliveryId: handed[0] ?? '', outcome: 'ack' });
  await waiting;
  expect(next).toHaveBeenCalledOnce();
});

describe('at Disconnect', () => {
  test('blocked receives are told, and what is not with the host is released', async () => {
    const deliveries = deliveriesOf();
    arrive('a', 'b', 'c');
    const [, withHost] = await receive(deliveries);
    const [, delayed] = await receive(deliveries);
    await deliveries.settle({ deliveryId: delayed, outcome: 'retry', delayMs: 60_000 });
    deliveries.stopIntake();
    await expect(deliveries.receive(host, callerOf(never))).rejects.toMatchObject({
      code: 'NOT_CONNECTED',
    });
    expect(settled).toEqual(['release b']);
    expect(await deliveries.settle({ deliveryId: withHost, outcome: 'ack' })).toBe(true);
    expect(settled).toEqual(['release b', 'ack a']);
  });

  test('a receive that waits rejects with NOT_CONNECTED', async () => {
    const deliveries = deliveriesOf();
    const waiting = deliveries.receive(host, callerOf(never));
    deliveries.stopIntake();
    await expect(waiting).rejects.toMatchObject({ code: 'NOT_CONNECTED' });
  });
});

test('a full intake refuses by count and by bytes, and takes again when room is given back', () => {
  const door = createIntake({ maxCount: 2, maxBytes: 100 });
  const first = door.reserve(60);
  expect(door.reserve(50)).toBeUndefined();
  expect(door.reserve(40)).toBeDefined();
  expect(door.reserve(0)).toBeUndefined();
  first?.release();
  first?.release();
  expect(door.held).toEqual({ count: 1, bytes: 40 });
  expect(door.reserve(60)).toBeDefined();
});

test('a message takes the room that it needs, not what was claimed for it', () => {
  const door = createIntake<Incoming>({ maxCount: 10, maxBytes: 100 });
  const room = roomIn(door, 100);
  room.shrinkTo(1);
  door.push({ message: { payload: new Uint8Array(1) } }, room);
  expect(door.held).toEqual({ count: 1, bytes: 1 });
  room.release();
  expect(door.held).toEqual({ count: 0, bytes: 0 });
});

test('what was withdrawn while nobody received does not stay in the intake', () => {
  const door = createIntake<Incoming>({ maxCount: 10, maxBytes: 100 });
  const gone = { message: { payload: new Uint8Array() }, withdrawn: true };
  for (let i = 0; i < 100; i++) {
    const room = roomIn(door, 0);
    door.push({ ...gone }, room);
    room.release();
  }
  expect(door.drain()).toHaveLength(1);
});
