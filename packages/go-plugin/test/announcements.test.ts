import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createAnnouncements } from '../src/broker/announcements.ts';
import { createQueue } from '../src/broker/queue.ts';

describe('announcements of brokered connections', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('meet their dialer, whichever comes first', async () => {
    const announcements = createAnnouncements<string>();
    announcements.arrived(1, 'early');
    const late = announcements.take(2);
    announcements.arrived(2, 'late');
    expect(await announcements.take(1)).toBe('early');
    expect(await late).toBe('late');
    expect(vi.getTimerCount()).toBe(0);
  });

  it('are awaited for 5 s', async () => {
    const announcements = createAnnouncements<string>();
    const dial = announcements.take(7).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(4_999);
    expect(vi.getTimerCount()).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(await dial).toMatchObject({
      code: 'BROKER_TIMEOUT',
      message: expect.stringMatching(/^timeout waiting for connection info of id 7\n/),
    });
    announcements.arrived(7, 'too late for the first dialer');
    expect(await announcements.take(7)).toBe('too late for the first dialer');
  });

  it('are held for 5 s, the first of an id only', async () => {
    const announcements = createAnnouncements<string>();
    announcements.arrived(1, 'first');
    announcements.arrived(1, 'second');
    await vi.advanceTimersByTimeAsync(4_999);
    expect(await announcements.take(1)).toBe('first');

    announcements.arrived(1, 'third');
    await vi.advanceTimersByTimeAsync(5_000);
    const dial = announcements.take(1).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(await dial).toMatchObject({ code: 'BROKER_TIMEOUT' });
  });

  it('are not awaited by a dialer that gave up', async () => {
    const announcements = createAnnouncements<string>();
    const abort = new AbortController();
    const dial = announcements.take(1, abort.signal).catch((error: unknown) => error);
    const enough = new Error('enough');
    abort.abort(enough);
    expect(await dial).toBe(enough);
    expect(vi.getTimerCount()).toBe(0);
    announcements.arrived(1, 'for the next');
    expect(await announcements.take(1)).toBe('for the next');
  });

  it('fail all dialers when the broker closes', async () => {
    const announcements = createAnnouncements<string>();
    announcements.arrived(1, 'held');
    const dial = announcements.take(2).catch((error: unknown) => error);
    announcements.close();
    expect(await dial).toMatchObject({ code: 'BROKER_CLOSED' });
    await expect(announcements.take(1)).rejects.toMatchObject({ code: 'BROKER_CLOSED' });
    expect(vi.getTimerCount()).toBe(0);
  });

  it('have one dialer per id', async () => {
    const announcements = createAnnouncements<string>();
    const first = announcements.take(1);
    await expect(announcements.take(1)).rejects.toMatchObject({ code: 'MISCONFIGURED' });
    announcements.arrived(1, 'for the first');
    expect(await first).toBe('for the first');
  });
});

describe('a queue', () => {
  it('hands over in order, waits, and ends after what is queued', async () => {
    const queue = createQueue<number>();
    queue.push(1);
    const read = Array.fromAsync(queue);
    await Promise.resolve();
    queue.push(2);
    queue.push(3);
    queue.end();
    queue.push(4);
    expect(await read).toEqual([1, 2, 3]);
  });
});
