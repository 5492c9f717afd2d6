import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Version } from '@cyclonedx/cyclonedx-library/Spec';
import { JsonStrictValidator } from '@cyclonedx/cyclonedx-library/Validation';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Artifacts, buildArtifacts } from '../src/artifacts.ts';
import { bundle } from '../src/bundle.ts';
import { findConnectors } from '../src/connectors.ts';
import { nodePackage } from '../src/node-package.ts';
import { ownTarget, root } from '../src/target.ts';

interface BillOfMaterials {
  metadata: { component: { name: string; version: string; hashes: unknown[] } };
  components: { 'bom-ref': string; version: string; purl: string; licenses?: unknown[] }[];
  dependencies: { ref: string; dependsOn?: string[] }[];
}

const folder = mkdtempSync(join(tmpdir(), 'documents-'));
const connector = manifestOf('connectors/http');
const runtime = manifestOf('packages/runtime');
const goPlugin = manifestOf('packages/go-plugin');
let built: Artifacts;

beforeAll(async () => {
  const [{ entry } = { entry: '' }] = findConnectors(['http']);
  const program = await bundle(entry);
  built = buildArtifacts(
    program,
    ownTarget(),
    join(folder, 'http-connector'),
    join(folder, 'build'),
  );
});

afterAll(() => rmSync(folder, { recursive: true }));

describe('the bill of materials', () => {
  let text: string;
  let bom: BillOfMaterials;
  beforeAll(() => {
    text = read('.cdx.json');
    bom = JSON.parse(text) as BillOfMaterials;
  });

  test('is valid by the schema of CycloneDX 1.6', async () => {
    const validator = new JsonStrictValidator(Version.v1dot6);
    expect(await validator.validate(text)).toBeNull();
    const broken = text.replace('"type": "library"', '"type": "librarian"');
    expect(await validator.validate(broken)).not.toBeNull();
  });

  test('is about this very file', () => {
    const hash = { alg: 'SHA-256', content: built.executable.sha256 };
    expect(bom.metadata.component).toMatchObject({ name: 'http-connector', hashes: [hash] });
  });

  test('names what is in the executable, each with version, origin and licence', () => {
    const node = process.versions.node;
    expect(bom.components).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ purl: `pkg:npm/undici@${connector.dependencies['undici']}` }),
        expect.objectContaining({ purl: `pkg:npm/fastify@${connector.dependencies['fastify']}` }),
        expect.objectContaining({ purl: `pkg:npm/%40vrsky/runtime@${runtime.version}` }),
        expect.objectContaining({ type: 'platform', name: 'node', version: node }),
      ]),
    );
    for (const { purl, version, licenses } of bom.components) {
      expect(purl.endsWith(`@${version}`), purl).toBe(true);
      expect(licenses, purl).toHaveLength(1);
    }
  });

  test('names nothing that only builds or tests, or whose code was not needed', () => {
    const names = bom.components.map((component) => component['bom-ref'].replace(/@[^@]*$/, ''));
    expect(names).toContain('pino');
    // pino depends on it for transports, which are programs of their own.
    expect(names).not.toContain('pino-abstract-transport');
    for (const tool of ['typescript', 'vitest', 'esbuild', '@types/node', '@vrsky/host']) {
      expect(names).not.toContain(tool);
    }
  });

  test('tells who needs what', () => {
    const ofRuntime = bom.dependencies.find(
      ({ ref }) => ref === `@vrsky/runtime@${runtime.version}`,
    );
    expect(ofRuntime?.dependsOn).toContain(`@vrsky/go-plugin@${goPlugin.version}`);
    const ofAll = bom.dependencies.find(({ ref }) => ref === 'http-connector');
    expect(ofAll?.dependsOn).toEqual([
      `@vrsky/connector-http@${connector.version}`,
      `node@${process.versions.node}`,
    ]);
  });
});

describe('the licence texts', () => {
  let text: string;
  beforeAll(() => {
    text = read('.licenses.txt');
  });

  test('are printed by the executable itself, run by hand', () => {
    const env = { PATH: process.env['PATH'] };
    const { file } = built.executable;
    const { status, stdout, stderr } = spawnSync(file, ['--licenses'], { env, encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toBe(text);
  });

  test('are those that the packages and Node bring', () => {
    const node = join(nodePackage(ownTarget()).folder, 'LICENSE');
    const fastify = join(root, 'connectors/http/node_modules/fastify/LICENSE');
    for (const file of [join(root, 'LICENSE'), fastify, node]) {
      expect(text).toContain(readFileSync(file, 'utf8').trim());
    }
  });

  test('name every package of the bill of materials', () => {
    const { components } = JSON.parse(read('.cdx.json')) as BillOfMaterials;
    const titles = text.split('\n');
    const packages = components.map((component) => component['bom-ref']);
    expect(packages.length).toBeGreaterThan(20);
    for (const title of packages) expect(titles).toContain(title.replace(/^node@/, 'Node.js '));
  });

  test('are the standard ones where a package brings none, with whose copyright it is', () => {
    const [, section = ''] = text.split(/^@connectrpc\/connect@.*\n/m);
    const [, ofConnect = ''] = section.split(/^=+$/m);
    expect(ofConnect).toMatch(/^The package comes without .*: Apache-2\.0$/m);
    expect(ofConnect).toMatch(/^Copyright \d{4}-\d{4} The Connect Authors$/m);
    expect(ofConnect).toContain('TERMS AND CONDITIONS FOR USE, REPRODUCTION, AND DISTRIBUTION');
  });

  test('tell of code that a package took from elsewhere', () => {
    expect(text).toContain('formdata-polyfill. MIT License.');
  });
});

function manifestOf(path: string): { version: string; dependencies: Record<string, string> } {
  return JSON.parse(readFileSync(join(root, path, 'package.json'), 'utf8')) as never;
}

function read(ending: string): string {
  const file = built.documents.find((path) => path.endsWith(ending));
  return readFileSync(file ?? '', 'utf8');
}
