import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { configOf, launchWithHost } from '../support/memory-host.ts';

const executable = fileURLToPath(new URL('../../dist/bin/http-connector', import.meta.url));
const orders = 'http://127.0.0.1:8080/webhooks/orders';

// The specification's examples name the port 8080, so this file runs when no other test does.
describe("the specification's test examples hold for the built executable", () => {
  test('TestMyConnectorValidate: id, type and port are enough', async () => {
    const config = configOf('http-webhook', { port: 8080 }, { id: 'test-http', name: '' });
    const { node } = await launchWithHost(executable, true, config);
    await node.validate(config);
  });

  test('TestMyConnectorConnect: id and type are enough, without Validate before it', async () => {
    const config = configOf('http-webhook', {}, { id: 'test-http', name: '' });
    const { node } = await launchWithHost(executable, true, config);
    await node.connect(config);
    await node.disconnect();
  });

  test('the incoming call flow: POST /webhooks/orders gives exactly one message', async () => {
    const config = configOf('http-webhook', {}, { id: 'test-http', name: '' });
    const { node } = await launchWithHost(executable, true, config);
    await node.validate(config);
    await node.connect(config);
    const answer = fetch(orders, { method: 'POST', body: '{"order":1}' });
    const { message, deliveryId } = await node.receive({ timeoutMs: 5000 });
    expect(Buffer.from(message.payload).toString()).toBe('{"order":1}');
    expect(message.headers).toMatchObject({
      'http.method': 'POST',
      'http.path': '/webhooks/orders',
    });
    expect(await node.acknowledge([{ deliveryId, outcome: 'ack' }])).toEqual([]);
    expect((await answer).status).toBe(202);
    await expect(node.receive({ timeoutMs: 200 })).rejects.toMatchObject({ name: 'TimeoutError' });

    await node.disconnect({ timeoutMs: 5000 });
    await expect(fetch(orders, { method: 'POST' })).rejects.toThrow('fetch failed');
    await node.connect(config);
    expect((await node.health()).details['port']).toBe('8080');
  });
});
