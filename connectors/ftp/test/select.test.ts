import {
  appendFileSync,
  mkdirSync,
  renameSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { needs } from '../../../tools/testing/require-program.ts';
import { createHost, type Kind, startOutside, startSource } from './support/connections.ts';
import { giveAway, names, put } from './support/files.ts';

const text = (handed: { message: { payload: Uint8Array } }): string =>
  Buffer.from(handed.message.payload).toString();
const nameOf = (handed: { message: { headers?: Readonly<Record<string, string>> } }): string =>
  handed.message.headers?.['ftp.fileName'] ?? '';

describe.runIf(needs('proftpd') && needs('vsftpd'))('which files are taken', () => {
  test.each<Kind>(['proftpd ftp', 'vsftpd ftp', 'proftpd sftp'])(
    '%s: one that is written over a while comes once, and whole',
    async (kind) => {
      const outside = await startOutside(kind);
      const { next } = await startSource(outside, { stability: { checks: 3, intervalMs: 250 } });
      const path = join(outside.drop, 'slow.csv');
      let content = '';
      const writing = (async () => {
        for (let line = 0; line < 10; line += 1) {
          appendFileSync(path, `line ${line}\n`);
          content += `line ${line}\n`;
          await sleep(100); // the pace of the writer
        }
      })();
      const handed = await next();
      await writing;
      expect(text(handed)).toBe(content);
    },
  );

  test.each([
    [
      'grows and keeps its time',
      (path: string, i: number) => {
        appendFileSync(path, 'x');
        utimesSync(path, 1000 + (i > 3 ? 1 : 0), 1000);
      },
    ],
    [
      'keeps its size and changes its time',
      (path: string, i: number) => {
        writeFileSync(path, String(i % 10));
        utimesSync(path, 1000 + i, 1000 + i);
      },
    ],
  ])('a file that %s is not taken early', async (_, write) => {
    const outside = await startOutside('proftpd ftp');
    const { next } = await startSource(outside, { stability: { checks: 3, intervalMs: 150 } });
    const path = join(outside.drop, 'odd.csv');
    let writing = true;
    const taken = next().then((handed) => ({ handed, writing }));
    for (let i = 0; i < 12; i += 1) {
      write(path, i);
      await sleep(60); // the pace of the writer
    }
    writing = false;
    expect((await taken).writing).toBe(false);
  });

  test.each<Kind>(['proftpd ftp', 'vsftpd ftp', 'proftpd sftp'])(
    '%s: with a done file, only when that is there; both go together',
    async (kind) => {
      const outside = await startOutside(kind);
      const { source, next } = await startSource(outside, {
        doneFile: '${name}.ok',
        afterProcess: 'delete',
      });
      put(outside.drop, 'a.csv', 'a');
      put(outside.drop, 'alone.csv.ok', '');
      await expect(next(400)).rejects.toThrow('aborted due to timeout');
      put(outside.drop, 'a.csv.ok', '');
      const handed = await next();
      expect(nameOf(handed)).toBe('a.csv');
      await source.ack(handed);
      expect(names(outside.drop)).toEqual(['alone.csv.ok']);
    },
  );

  test('a temporary name is left alone until it is changed to the final one', async () => {
    const outside = await startOutside('proftpd ftp');
    const { next } = await startSource(outside);
    const path = put(outside.drop, 'a.csv.part', 'a');
    await expect(next(300)).rejects.toThrow('aborted due to timeout');
    renameSync(path, join(outside.drop, 'a.csv'));
    expect(nameOf(await next())).toBe('a.csv');
  });

  test('with afterProcess none an unchanged file comes once, and a new one of its name again', async () => {
    const outside = await startOutside('proftpd ftp');
    put(outside.drop, 'a.csv', 'old', 1000);
    const { source, next } = await startSource(outside, { afterProcess: 'none' });
    const first = await next();
    await source.ack(first);
    await expect(next(300)).rejects.toThrow('aborted due to timeout');
    put(outside.drop, 'a.csv', 'new', 2000);
    const second = await next();
    expect(text(second)).toBe('new');
    expect(second.message.id).not.toBe(first.message.id);
  });

  test('with afterProcess none a host that keeps state spares the repetition after a restart', async () => {
    const outside = await startOutside('proftpd ftp');
    put(outside.drop, 'a.csv', 'a', 1000);
    put(outside.drop, 'b.csv', 'b', 2000);
    const state = new Map();
    const one = await startSource(outside, { afterProcess: 'none' }, { host: createHost(state) });
    await one.source.ack(await one.next());
    await one.next(); // not acked
    await one.stop();
    const two = await startSource(outside, { afterProcess: 'none' }, { host: createHost(state) });
    expect(nameOf(await two.next())).toBe('b.csv');
    await expect(two.next(300)).rejects.toThrow('aborted due to timeout');
  });

  test('an old file of the same name, delivered and moved, does not hide a new one', async () => {
    const outside = await startOutside('proftpd ftp');
    const { source, next } = await startSource(outside, { afterProcess: 'delete' });
    put(outside.drop, 'a.csv', 'same', 1000);
    await source.ack(await next());
    put(outside.drop, 'a.csv', 'same', 1000);
    expect(text(await next())).toBe('same');
  });

  test.each<Kind>(['proftpd ftp', 'proftpd sftp'])(
    '%s: subdirectories down to a depth; links are not followed',
    async (kind) => {
      const outside = await startOutside(kind);
      for (const folder of ['one', 'one/two', 'one/two/three', '.hidden']) {
        mkdirSync(join(outside.drop, folder));
        giveAway(join(outside.drop, folder), outside.drop);
        put(outside.drop, `${folder}/f.csv`, folder);
      }
      symlinkSync('..', join(outside.drop, 'one/loop'));
      const settings = { recursive: true, maxDepth: 2, sort: 'name' };
      const { source, next } = await startSource(outside, { ...settings, maxUnacked: 10 });
      const handed = [await next(), await next()];
      expect(handed.map(text)).toEqual(['one', 'one/two']);
      await expect(next(300)).rejects.toThrow('aborted due to timeout');
      for (const one of handed) await source.ack(one);
      expect(names(join(outside.drop, '.done/one'))).toEqual(['f.csv', 'two']);
    },
  );

  test('by patterns, size and age', async () => {
    const outside = await startOutside('proftpd ftp');
    put(outside.drop, 'a.csv', 'long enough', 1000);
    put(outside.drop, 'b.csv', 'short', 1000);
    put(outside.drop, 'c.txt', 'long enough', 1000);
    put(outside.drop, 'private.csv', 'long enough', 1000);
    put(outside.drop, 'young.csv', 'long enough');
    const settings = { include: ['*.csv'], exclude: ['private*'], minSize: 6, minAgeMs: 3_600_000 };
    const { next } = await startSource(outside, { ...settings, maxUnacked: 10 });
    expect(nameOf(await next())).toBe('a.csv');
    await expect(next(300)).rejects.toThrow('aborted due to timeout');
  });

  test('largest first, as many as one look may take', async () => {
    const outside = await startOutside('proftpd ftp');
    for (const bytes of [1, 2, 3]) put(outside.drop, `${bytes}.csv`, 'x'.repeat(bytes));
    const settings = { sort: 'size', descending: true, maxFilesPerPoll: 2, maxUnacked: 10 };
    const { next } = await startSource(outside, settings);
    expect([nameOf(await next()), nameOf(await next()), nameOf(await next())]).toEqual([
      '3.csv',
      '2.csv',
      '1.csv',
    ]);
  });
});
