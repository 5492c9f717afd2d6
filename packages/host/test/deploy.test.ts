import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadIntegration } from '@vrsky/host';
import { expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { memoryParts, totalMemory } from '../src/config/memory.ts';
import { tempFolder } from './support/folder.ts';
import { write } from './support/integration.ts';

const MANIFEST = new URL('../../../deploy/kubernetes/integration.yaml', import.meta.url);

interface Container {
  readonly resources: { readonly limits: { readonly memory: string } };
  readonly args: readonly string[];
  readonly volumeMounts: readonly { readonly mountPath: string }[];
}

function documents(): Record<string, unknown>[] {
  return parseAllDocuments(readFileSync(MANIFEST, 'utf8')).map((document) => {
    expect(document.errors).toEqual([]);
    return document.toJS() as Record<string, unknown>;
  });
}

function find(kind: string): Record<string, unknown> {
  return documents().find((document) => document['kind'] === kind) ?? expect.fail(kind);
}

function container(): Container {
  const deployment = find('Deployment') as {
    spec: { template: { spec: { containers: Container[] } } };
  };
  return deployment.spec.template.spec.containers[0] ?? expect.fail('no container');
}

test("the manifest has the specification's resources", () => {
  expect(container().resources).toEqual({
    requests: { cpu: '100m', memory: '64Mi' },
    limits: { cpu: '500m', memory: '256Mi' },
  });
});

test("the manifest's integration is valid, and its limit is enough for both connectors", async () => {
  const { data } = find('ConfigMap') as { data: Record<string, string> };
  const [, path = ''] = container().args;
  const text = data[path.replace('/etc/vrsky/', '')] ?? expect.fail(path);
  const integration = await loadIntegration(write(tempFolder(), parse(text) as object));
  const folders = container().volumeMounts.map(({ mountPath }) => mountPath);
  expect(folders).toContain(join(integration.store.path, '..'));
  const total = totalMemory({ VRSKY_MEMORY_LIMIT: container().resources.limits.memory });
  expect(memoryParts(integration, total)).toEqual({
    incoming: 64 * 2 ** 20,
    outgoing: 64 * 2 ** 20,
  });
});
