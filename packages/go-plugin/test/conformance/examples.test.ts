import { X509Certificate } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createClient } from '@connectrpc/connect';
import type { Routes } from '@vrsky/go-plugin';
import type { PluginProcess } from '@vrsky/go-plugin/host';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import {
  Health,
  HealthCheckResponse_ServingStatus as Status,
} from '../../src/gen/grpc/health/v1/health_pb.ts';
import { createIdentity } from '../../src/tls/certificate.ts';
import { AddHelper, Counter, KV } from '../gen/examples_pb.ts';
import { type Started, usePlugins } from '../support/plugins.ts';
import { endAll, runRaw } from '../support/raw.ts';
import { examples, examplesHandshake, hasGo, useGoPrograms } from './go.ts';

const program = useGoPrograms(
  `${examples}/grpc/plugin-go-grpc`,
  `${examples}/bidirectional/plugin-go-grpc`,
  `${examples}/grpc/plugin-go-netrpc`,
  `${examples}/negotiated/plugin-go`,
);
const kv = 0;
const counter = 1;
const netrpc = 2;
const negotiated = 3;
const { start, script, tmp } = usePlugins();
afterEach(endAll);

/** The examples keep their values in files of their working directory. */
async function startExample(
  index: number,
  options: { autoMtls?: boolean; versions?: number[] } = {},
): Promise<Started> {
  const command = await script(`#!/bin/sh\ncd "$(dirname "$0")" && exec '${program(index)}'\n`);
  return start({ command, handshake: examplesHandshake, versions: [1], ...options });
}

const text = (data: Uint8Array): string => Buffer.from(data).toString();

describe.runIf(hasGo)("go-plugin's own example plugins", () => {
  it.each([
    ['64: starts, pings, calls and ends a Go plugin', { autoMtls: false }],
    ['65: does so with mutual TLS', { autoMtls: true }],
  ])('%s', async (_title, options) => {
    const { plugin } = await startExample(kv, options);
    expect(plugin.negotiatedVersion).toBe(1);
    const health = createClient(Health, plugin.transport);
    expect((await health.check({ service: 'plugin' })).status).toBe(Status.SERVING);
    const store = createClient(KV, plugin.transport);
    await store.put({ key: 'city', value: Buffer.from('Kampala ✓') });
    expect(text((await store.get({ key: 'city' })).value)).toMatch(
      /^Kampala ✓\n\n.*plugin-go-grpc$/,
    );
    await expect(store.get({ key: 'none' })).rejects.toMatchObject({
      rawMessage: 'open kv_none: no such file or directory',
    });
    await plugin.kill();
    expect(await plugin.exited).toMatchObject({ code: 0, signal: null });
  });

  it('65: whose certificate has a key of another curve than ours', async () => {
    const sockets = await mkdtemp(join(dirname(tmp()), 'sockets-'));
    onTestFinished(() => rm(sockets, { recursive: true }));
    const env = {
      [examplesHandshake.magicCookieKey]: examplesHandshake.magicCookieValue,
      PLUGIN_CLIENT_CERT: createIdentity().cert,
      PLUGIN_UNIX_SOCKET_DIR: sockets,
    };
    const [, , , , , certificate = ''] = await runRaw(env, { command: program(kv) }).handshake();
    const { publicKey } = new X509Certificate(Buffer.from(certificate, 'base64'));
    expect(publicKey.asymmetricKeyDetails).toEqual({ namedCurve: 'secp521r1' });
    const own = new X509Certificate(createIdentity().cert);
    expect(own.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
  });

  it.each([{ autoMtls: false }, { autoMtls: true }])(
    '77: dial services of the host with %o',
    async (options) => {
      const { plugin } = await startExample(counter, options);
      const asked: [bigint, bigint][] = [];
      const helper: Routes = (router) =>
        router.service(AddHelper, {
          sum: ({ a, b }) => {
            asked.push([a, b]);
            return { r: a + b };
          },
        });
      const key = crypto.randomUUID();
      await increment(plugin, helper, { key, value: 20n });
      await increment(plugin, helper, { key, value: 22n });
      expect(asked).toEqual([
        [0n, 20n],
        [20n, 22n],
      ]);
      const { value } = await createClient(Counter, plugin.transport).get({ key });
      expect(value).toBe(42n);
    },
  );

  it.each([{ autoMtls: false }, { autoMtls: true }])(
    '86: are refused with %o when they speak net/rpc',
    async (options) => {
      await expect(startExample(netrpc, options)).rejects.toMatchObject({
        code: 'PROTOCOL_UNSUPPORTED',
        message: expect.stringMatching(
          /^unsupported plugin protocol "netrpc"\. Supported: \[grpc\]\n./,
        ),
      });
    },
  );

  it('90: serve the highest version that the host speaks, too', async () => {
    const { plugin } = await startExample(negotiated, { versions: [4, 3, 2] });
    expect(plugin.negotiatedVersion).toBe(3);
    const store = createClient(KV, plugin.transport);
    await store.put({ key: 'version', value: Buffer.from('x') });
    expect(text((await store.get({ key: 'version' })).value)).toMatch(
      /^x\n\n.* version 3\n.* version 3\n$/,
    );
    // Its version 2 is of the time before gRPC.
    await expect(startExample(negotiated, { versions: [2] })).rejects.toMatchObject({
      code: 'PROTOCOL_UNSUPPORTED',
    });
    await expect(startExample(negotiated, { versions: [4] })).rejects.toMatchObject({
      code: 'APP_VERSION_INCOMPATIBLE',
      message: expect.stringMatching(
        /^incompatible API version with plugin\. Plugin version: 2, Client versions: \[4\]\n/,
      ),
    });
  });
});

/** As the example's own host does it: a new brokered connection for each call. */
async function increment(
  { broker, transport }: PluginProcess,
  routes: Routes,
  entry: { key: string; value: bigint },
): Promise<void> {
  const addServer = broker.nextId();
  const accepted = await broker.acceptAndServe(addServer, routes);
  await createClient(Counter, transport).put({ addServer, ...entry });
  await accepted.close();
}
