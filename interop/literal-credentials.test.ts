import { globSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const root = new URL('../', import.meta.url);

/** A name for something secret, with a literal for its value. */
const ASSIGNED =
  /(?:pass(?:word|phrase|wd)?|secret|token|api_?key)s?\w*["']?(?::|\s*:?=)\s*["'][\w+/=.~-]{6,}["']/i;
const PRIVATE_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----\s*(?:\\n)?[A-Za-z0-9+/]{16,}/;

test.each(['apiKey := "hardcoded-secret-key"', "const auth = { password: 'hunter2' };"])(
  'is found: %s',
  (line) => expect(line).toMatch(ASSIGNED),
);

test('no program of a connector holds a password, a token or a private key', () => {
  const sources = [
    'connectors/*/src/**/*.ts',
    'packages/{runtime,go-plugin}/src/**/*.ts',
    'packages/connector-go/*.go',
    'examples/connectors/*/{go/*.go,ts/src/*.ts}',
  ];
  const files = globSync(sources, { cwd: root }).filter((file) => !file.endsWith('_test.go'));
  expect(files.length).toBeGreaterThan(300);
  const found = files.flatMap((file) =>
    readFileSync(new URL(file, root), 'utf8')
      .split('\n')
      .filter((line) => ASSIGNED.test(line) || PRIVATE_KEY.test(line))
      .map((line) => `${file}: ${line.trim()}`),
  );
  expect(found).toEqual([]);
});
