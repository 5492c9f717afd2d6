import { globSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Client, createClient } from '@connectrpc/connect';
import { type LaunchOptions, launch, type PluginProcess } from '@vrsky/go-plugin/host';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { handshake } from '../fixtures/handshake.ts';
import { Testing } from '../gen/testing_pb.ts';
import { type Entry, recordingLogger } from './logger.ts';

/** The plugin fixture: a real executable, run by the same Node.js. */
export const pluginPath: string = join(import.meta.dirname, '../fixtures/plugin.ts');

export interface Started {
  readonly plugin: PluginProcess;
  readonly testing: Client<typeof Testing>;
  /** What the host logged so far. */
  readonly entries: readonly Entry[];
}

/** Launches real plugins for one test file, and proves after each test that no process and no file of them is left. */
export function usePlugins(): {
  start: (options?: Partial<LaunchOptions>) => Promise<Started>;
  /** Writes an executable script, and tells its path. */
  script: (text: string) => Promise<string>;
  /** The directory that stands for the system's temporary one. */
  tmp: () => string;
} {
  const started: PluginProcess[] = [];
  const systemTmp = tmpdir();
  let tmp = '';
  let scripts = '';
  beforeAll(async () => {
    scripts = await mkdtemp(join(systemTmp, 's'));
    tmp = await mkdtemp(join(systemTmp, 't'));
    process.env['TMPDIR'] = tmp;
  });
  afterEach(async () => {
    await Promise.all(started.splice(0).map((plugin) => plugin.kill()));
    await expect.poll(() => processesWith(`TMPDIR=${tmp}`)).toEqual([]);
    expect(await readdir(tmp)).toEqual([]);
  });
  afterAll(async () => {
    process.env['TMPDIR'] = systemTmp;
    await Promise.all([tmp, scripts].map((dir) => rm(dir, { recursive: true })));
  });
  return {
    tmp: () => tmp,
    script: async (text) => {
      const path = join(scripts, `plugin-${crypto.randomUUID()}`);
      await writeFile(path, text);
      await chmod(path, 0o755);
      return path;
    },
    start: async (options) => {
      const { log, entries } = recordingLogger();
      const own = { command: pluginPath, handshake, versions: [2, 3], log };
      const plugin = await launch({ ...own, ...options });
      started.push(plugin);
      return { plugin, entries, testing: createClient(Testing, plugin.transport) };
    },
  };
}

/** The processes that inherited `variable`, also those whose parent is gone. */
export function processesWith(variable: string): string[] {
  return globSync('/proc/[0-9]*/environ').filter((path) => {
    try {
      return readFileSync(path, 'utf8').split('\0').includes(variable);
    } catch {
      return false; // it ended meanwhile, or is of another user
    }
  });
}
