import { join } from 'node:path';
import { listDeadLetters } from '@vrsky/host';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildGoProgram } from '../../../interop/support/go-program.ts';
import { needs } from '../../../tools/testing/require-program.ts';
import { tempFolder } from './support/folder.ts';
import { startHost } from './support/host.ts';
import { write } from './support/integration.ts';
import { until } from './support/until.ts';

describe.runIf(needs('go'))('a Go connector', () => {
  let connector: ReturnType<typeof buildGoProgram>;
  beforeAll(() => {
    connector = buildGoProgram('./interop/connector');
  }, 300_000);
  afterAll(() => connector?.remove());

  test('receives, sends and uses all host functions; secrets in its errors are taken out', async () => {
    const folder = tempFolder();
    const side = { type: 'memory', plugin: connector.path };
    const messages = [
      { id: 'a', text: 'one' },
      { id: 'b', text: 'two' },
    ];
    const Send = { code: 'SEND_FAILED', message: 'refused hunter2', recoverable: false, times: 1 };
    const host = await startHost(
      write(folder, {
        incoming: {
          ...side,
          secrets: ['token'],
          settings: { messages, callHost: true, secret: 'token' },
        },
        outgoing: {
          ...side,
          credentials: { key: '${SECRET:erp}' },
          settings: { fail: { Send } },
        },
      }),
      { env: { VRSKY_SECRET_ERP: 'hunter2', VRSKY_SECRET_TOKEN: '12345' } },
    );
    await until('b is delivered', () => host.messages.length === 1);
    expect(host.messages).toMatchObject([{ id: 'b', remoteId: 'memory-1', bytes: 3 }]);
    expect(listDeadLetters(join(folder, 'orders.db'))).toMatchObject([
      { id: 'a', code: 'SEND_FAILED', text: 'refused [redacted]', attempts: 1 },
    ]);
    const incoming = host.connected.find(({ direction }) => direction === 'incoming');
    expect(incoming?.health.details).toMatchObject({
      'host.getSecret': '5 bytes',
      'host.getUnlistedSecret': expect.stringContaining('[NOT_FOUND]'),
      'host.log': 'ok',
      'host.recordMetric': 'ok',
      'host.getConfiguration': 'true',
      'host.state': '1',
    });
    expect(host.log).toContainEqual(
      expect.objectContaining({ msg: 'hello from memory', connection: 'orders-incoming' }),
    );
    await host.stop();
    expect(JSON.stringify([host.log, host.alerts])).not.toContain('hunter2');
  });
});
