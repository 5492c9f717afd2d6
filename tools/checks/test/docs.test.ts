import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../../..');
const tracked = execFileSync('git', ['ls-files'], { cwd: root, encoding: 'utf8' }).split('\n');
const pages = globSync('{*.md,docs/*.md,{packages,connectors,tools,examples}/*/*.md}', {
  cwd: root,
});

describe.each(pages)('%s', (page) => {
  const text = readFileSync(join(root, page), 'utf8');
  const prose = text.replace(/```[\s\S]*?```/g, '');

  test('links to files that exist', () => {
    const links = [...prose.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)].map(([, link]) => link ?? '');
    const local = links.filter((link) => !/^[a-z]+:/.test(link));
    const missing = local.filter((link) => !existsSync(join(root, dirname(page), link)));
    expect(missing).toEqual([]);
  });
});

test('every file that the architecture page names exists', () => {
  const text = readFileSync(join(root, 'docs/architecture.md'), 'utf8');
  const named = [...text.matchAll(/`([\w/.-]+\.ts)`/g)].map(([, file]) => file ?? '');
  const files = named.filter((file) => !file.includes('NAME'));
  expect(files.length).toBeGreaterThan(40);
  const missing = files.filter((file) => !tracked.some((path) => `/${path}`.endsWith(`/${file}`)));
  expect(missing).toEqual([]);
});

test.each(globSync('connectors/*/README.md', { cwd: root }))(
  '%s has the result of its security review',
  (page) => {
    const text = readFileSync(join(root, page), 'utf8');
    const [, review = ''] = text.split('## Security review\n');
    expect(review).toContain('(../../docs/security.md#security-review)');
    expect(review.length).toBeGreaterThan(200);
  },
);
