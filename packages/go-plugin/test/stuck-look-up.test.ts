import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { needs } from '../../../tools/testing/require-program.ts';
import { pluginPath, type Started, usePlugins } from './support/plugins.ts';

const isolated = needs('unshare') && needs('ip');
const resolver = mkdtempSync(join(tmpdir(), 'resolver-'));
afterAll(() => rmSync(resolver, { recursive: true }));
const { start, script } = usePlugins();

/** A plugin with a network of its own, whose only name server is the plugin itself. */
async function startIsolated(): Promise<Started> {
  const file = join(resolver, 'resolv.conf');
  writeFileSync(file, 'nameserver 127.0.0.1\n');
  const steps = `ip link set lo up && mount --bind "${file}" /etc/resolv.conf && exec "${pluginPath}"`;
  const command = await script(`#!/bin/sh\nexec unshare -rmn sh -c '${steps}'\n`);
  return start({ command });
}

describe.runIf(isolated)('a plugin whose name server does not answer', () => {
  it('ends on Shutdown before its host loses patience', async () => {
    const { plugin, testing, entries } = await startIsolated();
    await testing.run({ text: 'get stuck in a look-up' });
    await plugin.kill();
    expect(await plugin.exited).toMatchObject({ code: null, signal: 'SIGTERM' });
    expect(entries.map(({ msg }) => msg)).not.toContain('plugin failed to exit gracefully');
  });

  it('ends when it crashes', async () => {
    const { plugin, testing } = await startIsolated();
    await testing.run({ text: 'get stuck in a look-up' });
    await expect(testing.run({ text: 'crash' })).rejects.toThrow('panic: a bug in the plugin');
    expect(await plugin.exited).toMatchObject({ signal: 'SIGTERM' });
  });
});
