import { globSync, readFileSync } from 'node:fs';
import type { Connector } from '@vrsky/runtime/plugin';
import { expect, test } from 'vitest';

const root = new URL('../', import.meta.url);
const PAGE = /^https:\/\/github\.com\/ValueRetail\/vrsky\/blob\/main\/(.+)$/;

test.each(globSync('connectors/*/src/connector.ts', { cwd: root }))(
  'the documentation that a connector names is a page of this repository: %s',
  async (file) => {
    const { href } = new URL(file, root);
    const { connector } = (await import(href)) as { connector: Connector };
    const { documentation } = connector.metadata;
    expect(documentation).toMatch(PAGE);
    const [, path = ''] = PAGE.exec(documentation) ?? [];
    expect(readFileSync(new URL(path, root), 'utf8')).toMatch(/^# /);
  },
);
