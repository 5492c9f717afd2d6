import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Code, createClient } from '@connectrpc/connect';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type BrokerEnd, createBroker } from '../src/broker/broker.ts';
import { socketNetwork } from '../src/broker/network.ts';
import { Testing } from './gen/testing_pb.ts';

let dir: string;
let [near, far]: BrokerEnd[] = [];

describe('an end of the broker', () => {
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'b'));
    const options = {
      place: { network: 'unix', dir } as const,
      tls: undefined,
      maxMessageBytes: 1_000,
      timeoutMs: 20_000,
      onRefused: () => {},
    };
    near = createBroker(socketNetwork(options));
    far = createBroker(socketNetwork(options));
    void near.consume(far.outgoing);
    void far.consume(near.outgoing);
  });
  afterEach(async () => {
    await near?.close();
    await rm(dir, { recursive: true });
  });

  it('takes its accepted connections along when it closes, and closes the other end', async () => {
    const accepted = await near?.broker.acceptAndServe(1, (router) =>
      router.service(Testing, { echo: ({ text }) => ({ text }) }),
    );
    const dialled = await far?.broker.dial(1);
    if (!near || !far || !accepted || !dialled) throw new Error('the broker has two ends');
    const testing = createClient(Testing, dialled.transport);
    expect(await testing.echo({ text: 'hi' })).toMatchObject({ text: 'hi' });

    await near.close();
    expect(await readdir(dir)).toEqual([]);
    await expect(testing.echo({})).rejects.toMatchObject({ code: Code.Unavailable });
    await expect(near.broker.acceptAndServe(2, () => {})).rejects.toMatchObject({
      code: 'BROKER_CLOSED',
    });
    await expect(far.broker.dial(2)).rejects.toMatchObject({ code: 'BROKER_CLOSED' });
    await Promise.all([accepted.close(), near.close()]);
  });
});
