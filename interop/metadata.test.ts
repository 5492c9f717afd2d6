import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { PluginMetadata } from '@vrsky/runtime';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { beforeAll, describe, expect, test } from 'vitest';
import { configOf, launchWithHost } from './support/memory-host.ts';

/** The specification's, as its constants spell them. */
const CAPABILITIES = ['bidirectional', 'retryable', 'batching', 'streaming', 'tls', 'mtls'];
const SEMVER = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[\w.-]+)?(\+[\w.-]+)?$/;

interface SettingsSchema {
  readonly description?: string;
  readonly additionalProperties?: boolean;
  readonly properties?: Readonly<Record<string, SettingsSchema>>;
  readonly items?: SettingsSchema;
  readonly anyOf?: readonly SettingsSchema[];
}

describe.each([
  {
    name: 'http',
    types: ['http', 'http-webhook', 'http-rest'],
    settings: [{ port: 8080 }, { url: 'https://shop.example/orders' }],
  },
  {
    name: 'mqtt',
    types: ['mqtt', 'mqtt-subscribe', 'mqtt-publish'],
    settings: [
      { brokers: ['mqtts://broker.example'], subscriptions: [{ filter: 'orders' }] },
      { brokers: ['mqtts://broker.example'], topic: 'orders' },
    ],
  },
  {
    name: 'ftp',
    types: ['ftp', 'ftps', 'ftps-implicit', 'sftp'],
    settings: [
      { direction: 'incoming', host: 'files.example', directory: '/in' },
      { direction: 'outgoing', host: 'files.example', directory: '/out' },
    ],
  },
])('the metadata of $name-connector', ({ name, types, settings }) => {
  const executable = fileURLToPath(new URL(`../dist/bin/${name}-connector`, import.meta.url));
  let printed: PluginMetadata;
  beforeAll(() => {
    printed = JSON.parse(execFileSync(executable, ['metadata'], { encoding: 'utf8' }));
  }, 60_000);

  test('says what it is, and which protocol and types it speaks', { timeout: 60_000 }, async () => {
    const { metadata } = await launchWithHost(executable, true, configOf(name, {}));
    expect(metadata).toEqual(printed);
    expect(metadata).toMatchObject({
      id: name,
      name: `${name}-connector`,
      version: expect.stringMatching(SEMVER),
      protocolVersion: 1,
      description: expect.stringMatching(/\w+/),
      author: expect.stringMatching(/\w+/),
      documentation: expect.stringMatching(/^https:/),
    });
    expect(metadata.supportedTypes.toSorted()).toEqual(types.toSorted());
  });

  test('claims capabilities of the specification; no connection is bidirectional', () => {
    const { capabilities } = printed;
    expect(capabilities).toEqual(expect.arrayContaining(['retryable', 'streaming', 'tls', 'mtls']));
    expect(capabilities.filter((one) => !CAPABILITIES.includes(one))).toEqual([]);
    // Each connection either sends or receives.
    expect(capabilities).not.toContain('bidirectional');
  });

  test('has a strict JSON Schema that describes every setting and knows no others', () => {
    const schema = JSON.parse(printed.configSchema) as SettingsSchema;
    const isValid = new Ajv2020({ strict: true, strictRequired: false }).compile(schema);
    expect(settings.map((each) => [each, isValid(each)])).toEqual(
      settings.map((each) => [each, true]),
    );
    expect(isValid({ ...settings[0], misspelt: 1 })).toBe(false);
    expect((schema.anyOf ?? [schema]).flatMap((side) => faultsIn(side, ''))).toEqual([]);
  });
});

/** Settings that have no description, and objects that let others in. */
function faultsIn(schema: SettingsSchema, path: string): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, setting]) => {
    const here = `${path}.${key}`;
    const isOpen = setting.properties && setting.additionalProperties !== false;
    return [
      ...(setting.description ? [] : [`${here} is not described`]),
      ...(isOpen ? [`${here} is open`] : []),
      ...[setting, setting.items, ...(setting.anyOf ?? [])]
        .filter((each) => each !== undefined)
        .flatMap((each) => faultsIn(each, here)),
    ];
  });
}
