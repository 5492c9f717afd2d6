import { once } from 'node:events';
import { constants } from 'node:http2';
import { create, toBinary } from '@bufbuild/protobuf';
import { expect, it } from 'vitest';
import { PayloadSchema } from './gen/testing_pb.ts';
import { usePlugins } from './support/plugins.ts';

const { start } = usePlugins();
const endless = { text: 'without end', data: new Uint8Array(16) };
const message = toBinary(PayloadSchema, create(PayloadSchema, endless));

it('streams that are cancelled between two messages leave nothing in the log', async () => {
  const { plugin, testing, entries } = await start();
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  const openEndless = async () => {
    const stream = plugin.calls.session.request({
      ':method': 'POST',
      ':path': '/goplugin.testing.Testing/EchoStream',
      'content-type': 'application/grpc',
    });
    stream.on('error', () => {});
    stream.write(Buffer.concat([prefix, message]));
    await once(stream.resume(), 'response');
    return stream;
  };
  for (let round = 0; round < 3; round++) {
    const streams = await Promise.all(Array.from({ length: 20 }, openEndless));
    await testing.echo({});
    for (const stream of streams) stream.close(constants.NGHTTP2_CANCEL);
    await testing.echo({});
  }
  await plugin.kill();
  const own = entries.filter((entry) => 'printedTo' in entry || entry['module'] === 'go-plugin');
  expect(own).toEqual([{ level: 'debug', printedTo: 'stdout', msg: 'bye' }]);
});
