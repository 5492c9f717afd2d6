import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { oldNodes } from '../../testing/old-nodes.ts';

const root = join(import.meta.dirname, '../../..');
// An earlier step of `npm test` makes them; by hand it is `npm run pack`.
const tarballs = globSync('dist/packages/*.tgz', { cwd: root }).map((name) => join(root, name));

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly exports: Record<string, Record<string, string>>;
}

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vrsky-packages-'));
  writeFileSync(join(folder, 'package.json'), '{"private":true,"type":"module"}');
  const options = ['--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'];
  execFileSync('npm', ['install', ...options, ...tarballs], { cwd: folder, stdio: 'pipe' });
}, 300_000);
afterAll(() => rmSync(folder, { recursive: true }));

const manifestIn = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as Manifest;
const installed = () =>
  globSync('node_modules/@vrsky/*/package.json', { cwd: folder }).map((name) => join(folder, name));
const run = (program: string, ...args: string[]) =>
  spawnSync(join(folder, 'node_modules/.bin', program), args, { encoding: 'utf8' });

describe('the packages, installed from their tarballs into an empty folder', () => {
  test('are all that are published', () => {
    const published = globSync('{packages,connectors}/*/package.json', { cwd: root });
    const names = published.map((name) => manifestIn(join(root, name)).name);
    expect(
      installed()
        .map((name) => manifestIn(name).name)
        .toSorted(),
    ).toEqual(names.toSorted());
  });

  test('have programs that start', () => {
    const { version } = manifestIn(join(root, 'packages/host/package.json'));
    expect(run('vrsky-host', '--version')).toMatchObject({ status: 0, stdout: `${version}\n` });
    for (const name of ['http', 'mqtt', 'ftp']) {
      const { status, stdout, stderr } = run(`${name}-connector`, 'metadata');
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(JSON.parse(stdout)).toMatchObject({ name: `${name}-connector` });
    }
  });

  test('can be imported by each name that they export, and export nothing that is not there', () => {
    const entries = installed().flatMap((name) => {
      const manifest = manifestIn(name);
      return Object.entries(manifest.exports).map(([path, conditions]) => {
        expect(Object.keys(conditions)).toEqual(['types', 'default']);
        for (const file of Object.values(conditions)) {
          expect(existsSync(join(dirname(name), file)), `${manifest.name} ${file}`).toBe(true);
        }
        return manifest.name + path.slice(1);
      });
    });
    const program = entries.map((entry) => `await import('${entry}');`).join('\n');
    const { status, stderr } = spawnSync('node', ['--input-type=module', '-e', program], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  test('have the licence, and the sources that their source maps point at', () => {
    for (const name of installed()) {
      const packageFolder = dirname(name);
      const licence = readFileSync(join(packageFolder, 'LICENSE'), 'utf8');
      expect(licence).toBe(readFileSync(join(root, 'LICENSE'), 'utf8'));
      const maps = globSync('dist/**/*.map', { cwd: packageFolder });
      expect(maps).not.toEqual([]);
      const missing = maps.flatMap((map) => {
        const file = join(packageFolder, map);
        const { sources } = JSON.parse(readFileSync(file, 'utf8')) as { sources: string[] };
        return sources.filter((source) => !existsSync(resolve(dirname(file), source)));
      });
      expect(missing).toEqual([]);
    }
  });
});

const older = oldNodes();
describe.runIf(older.length > 0)(
  'on an older Node (may be skipped: there is none on the PATH) the first line names it as the cause:',
  () => {
    const reason = (program: string, { version, path }: (typeof older)[number]) => ({
      status: 1,
      stdout: '',
      stderr: `${program} needs Node.js 26 or newer; this is ${version} (${path})\n`,
    });

    test.each(['vrsky-host', 'http-connector', 'mqtt-connector', 'ftp-connector'])('%s', (bin) => {
      for (const node of older) {
        const argv = [join(folder, 'node_modules/.bin', bin), '--version'];
        expect(spawnSync(node.path, argv, { encoding: 'utf8' })).toMatchObject(reason(bin, node));
      }
    });

    test.each([
      '@vrsky/go-plugin',
      '@vrsky/go-plugin/server',
      '@vrsky/go-plugin/host',
      '@vrsky/runtime',
      '@vrsky/runtime/plugin',
      '@vrsky/runtime/host',
    ])('a program that imports %s', (entry) => {
      writeFileSync(join(folder, 'own.js'), `import '${entry}';\nconsole.log('it runs');\n`);
      for (const node of older) {
        const ended = spawnSync(node.path, ['own.js'], { cwd: folder, encoding: 'utf8' });
        expect(ended).toMatchObject(reason('own.js', node));
      }
    });
  },
);

test.each(['packages/runtime', 'connectors/http'])(
  'a bare `npm pack` in %s is refused, and says what to run instead',
  (name) => {
    const { status, stderr } = spawnSync('npm', ['pack', '--dry-run'], {
      cwd: join(root, name),
      encoding: 'utf8',
    });
    expect(status).not.toBe(0);
    expect(stderr).toContain('Run `npm run pack` in the root of the repository');
  },
);
