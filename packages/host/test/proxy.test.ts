import { readFileSync } from 'node:fs';
import type { PluginError } from '@vrsky/runtime';
import { expect, onTestFinished, test, vi } from 'vitest';
import { proxySettings } from '../src/config/proxy.ts';
import { tempFolder } from './support/folder.ts';
import { startHost } from './support/host.ts';
import { journal, scripted } from './support/integration.ts';
import { until } from './support/until.ts';

test('an account leaves the variables and becomes two credentials', () => {
  expect(
    proxySettings({
      HTTP_PROXY: 'http://erp:p%40ss@proxy.example:3128',
      https_proxy: 'erp:p%40ss@proxy.example:3128',
      HTTPS_PROXY: 'http://proxy.example:3128/',
      NO_PROXY: 'localhost',
    }),
  ).toEqual({
    env: { HTTP_PROXY: 'http://proxy.example:3128', https_proxy: 'proxy.example:3128' },
    credentials: { proxy_username: 'erp', proxy_password: 'p@ss' },
  });
});

test('proxies without an account stay as they are', () => {
  expect(proxySettings({ HTTPS_PROXY: 'http://proxy:3128', HTTP_PROXY: '' })).toEqual({
    env: {},
    credentials: {},
  });
});

test.each([
  ['is no URL', { HTTPS_PROXY: 'http://erp:hunter2/x@proxy' }, /HTTPS_PROXY: expected a URL/],
  [
    'has a broken escape',
    { HTTP_PROXY: 'http://erp:hunter2%@proxy' },
    /HTTP_PROXY: expected a URL/,
  ],
  [
    'has another account than that of another proxy',
    { HTTPS_PROXY: 'http://erp:hunter2@one', HTTP_PROXY: 'http://two' },
    /HTTPS_PROXY and HTTP_PROXY name different proxies/,
  ],
])('a variable that %s is an error without its value', (_, env, expected) => {
  const error = ((): PluginError => {
    try {
      return expect.fail(JSON.stringify(proxySettings(env)));
    } catch (thrown) {
      return thrown as PluginError;
    }
  })();
  expect(error).toMatchObject({ code: 'INVALID_CONFIG' });
  expect(error.message).toMatch(expected);
  expect(error.message).not.toContain('hunter2');
});

test("a connector's environment holds no account; who knows the credentials gets them, and no other", async () => {
  vi.stubEnv('HTTPS_PROXY', 'http://erp:hunter2-proxy@127.0.0.1:3128');
  onTestFinished(() => void vi.unstubAllEnvs());
  const folder = tempFolder();
  const knows = { settings: { tellProxy: true }, type: 'scripted-proxied' };
  const host = await startHost(
    scripted(folder, { incoming: { settings: { tellProxy: true } }, outgoing: knows }),
  );
  await until('both are up', () => host.connected.length === 2);
  expect(journal(folder, 'out')).toContain('proxy http://127.0.0.1:3128 erp hunter2-proxy');
  expect(journal(folder, 'in')).toContain('proxy http://127.0.0.1:3128 undefined undefined');
  const pids = host.connected.map(({ pid }) => pid);
  for (const pid of pids)
    expect(readFileSync(`/proc/${pid}/environ`, 'utf8')).not.toContain('hunter2');
  await host.stop();
  expect(JSON.stringify(host.log)).not.toContain('hunter2');
});
