import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { fileURLToPath } from 'node:url';
import type { Message } from '@vrsky/runtime';
import { describe, expect, onTestFinished, test } from 'vitest';
import { makeTestCa } from '../tools/testing/certificates.ts';
import { needs } from '../tools/testing/require-program.ts';
import { configOf, launchWithHost } from './support/memory-host.ts';

const executable = fileURLToPath(new URL('../dist/bin/http-connector', import.meta.url));

const message: Message = {
  id: 'm-1',
  payload: Buffer.from('{}'),
  contentType: 'application/json',
  metadata: {
    customerId: '',
    tenantId: '',
    integrationId: '',
    source: '',
    destination: '',
    correlationId: '',
    traceId: '',
  },
  headers: {},
  timestamp: undefined,
};

async function portOf(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

// What it needs of libraries is bundled, and read before files are out of its reach.
describe.runIf(needs('openssl'))('the executable, without file access', () => {
  test('gets a token, proves who it is by a certificate, and signs', async () => {
    const authority = makeTestCa();
    const seen: unknown[] = [];
    const tls = { ...authority.issueServer(), ca: authority.ca, requestCert: true };
    const server = createServer(tls, (request, response) => {
      const { subject } = (request.socket as TLSSocket).getPeerCertificate();
      const { authorization, 'webhook-signature': signature } = request.headers;
      const proof = String(authorization).split(' ')[0];
      seen.push([request.url, subject['CN'], proof, String(signature).split(',')[0]]);
      response.setHeader('content-type', 'application/json');
      response.end('{"access_token":"t-1","token_type":"bearer","expires_in":60}');
    });
    const base = `https://localhost:${await portOf(server)}`;
    const client = authority.issueClient('shop');
    const settings = {
      url: `${base}/orders/{{message.id}}`,
      auth: { oauth2: { tokenUrl: `${base}/token` }, standardWebhooks: {} },
      ssrf: { allowPrivate: true },
    };
    const credentials = {
      oauth2_client_id: 'shop',
      oauth2_client_secret: 'hunter2',
      signing_secret: `whsec_${Buffer.alloc(32, 1).toString('base64')}`,
      tls_ca: authority.ca,
      tls_client_cert: client.cert,
      tls_client_key: client.key,
    };
    const config = configOf('http-rest', settings, { credentials });
    const { node } = await launchWithHost(executable, true, config);
    expect(await node.validate(config)).toEqual([]);
    await node.connect(config);
    expect(await node.send(message)).toMatchObject({ messageId: 'm-1' });
    const token = ['/token', 'shop', 'Basic', 'undefined'];
    expect(seen).toEqual([token, token, ['/orders/m-1', 'shop', 'Bearer', 'v1']]);
  });
});
