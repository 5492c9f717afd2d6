import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { needs } from '../../../tools/testing/require-program.ts';
import { type Kind, startOutside, startSource } from './support/connections.ts';
import { names, put, until } from './support/files.ts';

const FILES = 200;

describe.runIf(needs('proftpd'))('with claim rename', () => {
  test.each<Kind>(['proftpd ftp', 'proftpd sftp'])(
    '%s: two connectors share a directory: each file comes once, and losing a race is no error',
    async (kind) => {
      const outside = await startOutside(kind);
      for (let n = 0; n < FILES; n += 1) put(outside.drop, `${n}.csv`, String(n), 1000);
      const delivered: string[] = [];
      const workers = await Promise.all(
        ['one', 'two'].map(async (id) => {
          const settings = {
            claim: 'rename',
            afterProcess: 'delete',
            pollIntervalMs: 20,
            sort: 'none',
          };
          const { source, next, logged } = await startSource(outside, settings, { id });
          const work = async (): Promise<void> => {
            for (;;) {
              const handed = await next(1500);
              delivered.push(Buffer.from(handed.message.payload).toString());
              await source.ack(handed);
            }
          };
          return { logged, done: work().catch(() => {}) };
        }),
      );
      await until(() => delivered.length >= FILES, 15_000);
      await Promise.all(workers.map(({ done }) => done));
      expect(delivered.toSorted()).toEqual(
        Array.from({ length: FILES }, (_, n) => `${n}`).toSorted(),
      );
      expect(
        workers.flatMap(({ logged }) => logged.filter(({ level }) => level === 'warn')),
      ).toEqual([]);
      expect(names(outside.drop)).toEqual([]);
    },
  );

  test('a claim is given back by stop, and taken up again after a crash with the same id', async () => {
    const outside = await startOutside('proftpd ftp');
    put(outside.drop, 'a.csv', 'a', 1000);
    const settings = { claim: 'rename', instanceId: 'me' };
    const one = await startSource(outside, settings);
    const first = await one.next();
    expect(names(outside.drop)).toEqual(['a.csv.me.inprogress']);
    await one.stop();
    expect(names(outside.drop)).toEqual(['a.csv']);

    put(outside.drop, 'a.csv.me.inprogress', 'a', 1000);
    await expect(
      (await startSource(outside, { ...settings, instanceId: 'other' })).next(),
    ).resolves.toBeDefined();
    const two = await startSource(outside, settings);
    const again = await two.next();
    expect(again.message.headers?.['ftp.fileName']).toBe('a.csv');
    expect(Buffer.from(again.message.payload).toString()).toBe('a');
    await two.source.ack(again);
    expect(names(outside.drop)).toEqual(['.done', 'a.csv.other.inprogress']);
    expect(first.message.headers?.['ftp.path']).toBe('/drop/a.csv');
  });

  test('claims may go to a directory of their own', async () => {
    const outside = await startOutside('proftpd ftp');
    put(outside.drop, 'a.csv', 'a');
    const settings = { claim: 'rename', claimDirectory: '.claimed', instanceId: 'me' };
    const one = await startSource(outside, settings);
    const first = await one.next();
    expect(names(join(outside.drop, '.claimed'))).toEqual(['a.csv.me.inprogress']);
    const two = await startSource(outside, settings, { id: 'after a crash' });
    const again = await two.next();
    expect(again.message.id).toBe(first.message.id);
    await two.source.ack(again);
    expect(names(join(outside.drop, '.done'))).toEqual(['a.csv']);
    expect(names(join(outside.drop, '.claimed'))).toEqual([]);
  });

  test('a claim of an instance that is gone is undone after a while', async () => {
    const outside = await startOutside('proftpd ftp');
    put(outside.drop, 'a.csv.gone.inprogress', 'a');
    const { next } = await startSource(outside, { claim: 'rename', claimTimeoutMs: 200 });
    expect((await next()).message.headers?.['ftp.fileName']).toBe('a.csv');
  });
});
