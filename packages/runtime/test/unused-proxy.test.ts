import { unusedProxyWarnings } from '@vrsky/runtime/plugin';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';

beforeEach(() => {
  for (const name of [
    'HTTPS_PROXY',
    'https_proxy',
    'HTTP_PROXY',
    'http_proxy',
    'NO_PROXY',
    'no_proxy',
  ]) {
    vi.stubEnv(name, undefined);
  }
  onTestFinished(() => void vi.unstubAllEnvs());
});

test('a connector that connects directly warns of a proxy once, for all hosts', () => {
  vi.stubEnv('HTTPS_PROXY', 'http://user:password@proxy.example:3128');
  const warnings = unusedProxyWarnings(['a.example', 'b.example', 'a.example']);
  expect(warnings).toEqual([
    expect.stringMatching(/^HTTPS_PROXY is set, .* to a\.example, b\.example is direct/),
  ]);
  expect(warnings.join()).not.toContain('password');
});

test.each([
  ['*', 'a.example', 0],
  ['a.example', 'a.example', 0],
  ['b.example, example', 'a.example', 0],
  ['.example', 'a.example', 0],
  ['a.example:1883', 'a.example', 0],
  ['ample', 'a.example', 1],
  ['', 'a.example', 1],
  ['', 'localhost', 0],
  ['', '127.0.0.1', 0],
])('with NO_PROXY "%s" there are warnings for %s: %i', (list, host, count) => {
  vi.stubEnv('http_proxy', 'proxy.example:3128');
  vi.stubEnv('NO_PROXY', list);
  expect(unusedProxyWarnings([host])).toHaveLength(count);
});

test('without a proxy there is nothing to warn of', () => {
  expect(unusedProxyWarnings(['a.example'])).toEqual([]);
});
