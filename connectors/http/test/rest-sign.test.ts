import { generateKeyPairSync } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { describe, expect, test, vi } from 'vitest';
import { parsePublicKey, verifyV1a } from '../src/standard-webhooks.ts';
import { failureOf } from './support/failure.ts';
import { messageOf, type Seen, sendFailure, serveRecorder, startRest } from './support/rest.ts';

const secretOf = (byte: number): string => `whsec_${Buffer.alloc(32, byte).toString('base64')}`;
const signing_secret = secretOf(1);
const auth = { standardWebhooks: {} };

/** Throws unless the signature is that of the secret. */
function verify({ body, headers }: Seen, secret: string): void {
  new Webhook(secret).verify(body, headers as Record<string, string>);
}

describe('a signed message', () => {
  test('is verified by the library of Standard Webhooks, in each of three attempts', async () => {
    let status = 503;
    const { url, seen } = await serveRecorder((response) => {
      if (seen.length === 3) status = 200;
      response.writeHead(status).end();
    });
    const { send } = await startRest({ url, auth }, { credentials: { signing_secret } });
    const message = messageOf('m-1', { payload: Buffer.from('{"a":"ä"}') });
    const now = Math.floor(Date.now() / 1000);
    for (const later of [0, 30, 60]) {
      vi.setSystemTime((now + later) * 1000);
      await send(message).finally(() => vi.useRealTimers());
    }
    const times = seen.map(({ headers }) => Number(headers['webhook-timestamp']) - now);
    expect(times).toEqual([0, 30, 60]);
    for (const request of seen) {
      expect(() => verify({ ...request, body: '{"a":"ä"}' }, signing_secret)).not.toThrow();
      expect(() => verify({ ...request, body: '{"a":"a"}' }, signing_secret)).toThrow(
        'No matching signature',
      );
      expect(request.headers['webhook-id']).toBe('m-1');
      expect(request.headers['idempotency-key']).toBe('m-1');
    }
  });

  test('carries two signatures while secrets are changed', async () => {
    const { url, seen } = await serveRecorder();
    const credentials = { signing_secret, signing_secret_previous: secretOf(2) };
    const { send } = await startRest({ url, auth }, { credentials });
    await send(messageOf('m-1', { payload: Buffer.from('{}') }));
    const [request] = seen as [Seen];
    expect(() => verify(request, signing_secret)).not.toThrow();
    expect(() => verify(request, secretOf(2))).not.toThrow();
    expect(() => verify(request, secretOf(3))).toThrow('No matching signature');
  });

  test('with a private key is verified with the public one', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const seed = privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-32);
    const point = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
    const { url, seen } = await serveRecorder();
    const credentials = { signing_secret: `whsk_${seed.toString('base64')}` };
    const { send } = await startRest({ url, auth }, { credentials });
    await send(messageOf('m-1', { payload: Buffer.from('{}') }));
    const { headers } = seen[0] as Seen;
    const key = parsePublicKey(`whpk_${point.toString('base64')}`, 'key');
    const parts = { id: 'm-1', timestamp: String(headers['webhook-timestamp']) };
    const signature = String(headers['webhook-signature']);
    expect(verifyV1a(key, { ...parts, body: Buffer.from('{}') }, signature)).toBe(true);
    expect(verifyV1a(key, { ...parts, body: Buffer.from('{ }') }, signature)).toBe(false);
  });

  test('is signed anew when it is repeated with a fresh token', async () => {
    const { url: tokenUrl } = await serveRecorder((response) => {
      response.setHeader('content-type', 'application/json');
      response.end('{"access_token":"token","token_type":"bearer"}');
    });
    const { url, seen } = await serveRecorder((response) => response.writeHead(401).end());
    const credentials = { signing_secret, oauth2_client_id: 'a', oauth2_client_secret: 'secret' };
    const settings = { url, auth: { ...auth, oauth2: { tokenUrl } } };
    const { send } = await startRest(settings, { credentials });
    await send(messageOf('m-1', { payload: Buffer.from('{}') }));
    expect(seen).toHaveLength(2);
    for (const request of seen) expect(() => verify(request, signing_secret)).not.toThrow();
  });

  test('has an id that cannot pose as anything else', async () => {
    const { url, seen } = await serveRecorder();
    const { send } = await startRest({ url, auth }, { credentials: { signing_secret } });
    const failure = await sendFailure(send(messageOf('m.1')));
    expect(failure).toMatchObject({ code: 'INVALID_MESSAGE', recoverable: false, field: 'id' });
    expect(seen).toEqual([]);
  });
});

test.each([
  ['is missing', {}, 'signing_secret'],
  ['is too short', { signing_secret: 'whsec_c2VjcmV0' }, 'signing_secret'],
  ['is of another kind', { signing_secret: 'hunter2' }, 'signing_secret'],
  ['is no key', { signing_secret: 'whsk_hunter2' }, 'signing_secret'],
  [
    '(the previous one) is wrong',
    { signing_secret, signing_secret_previous: 'hunter2' },
    'signing_secret_previous',
  ],
])('a signing secret that %s is refused', async (_, credentials, name) => {
  const failure = await failureOf(startRest({ url: 'http://a.example', auth }, { credentials }));
  expect(failure).toMatchObject({ code: 'INVALID_CONFIG', field: `credentials.${name}` });
  expect(failure.message).not.toMatch(/hunter2|c2Vj/);
});
