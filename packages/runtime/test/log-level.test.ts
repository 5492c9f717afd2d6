import { pino } from 'pino';
import { expect, test } from 'vitest';
import { configOf, launchMemory, messageOf, routeEnv } from './fixtures/launch.ts';

const identity = { customerId: 'acme', tenantId: 'acme-eu', integrationId: 'orders' };
interface Line {
  readonly level: number;
  readonly msg: string;
  readonly fields?: Readonly<Record<string, unknown>>;
}

/** What a host at trace logs of a connector that receives one message, and of one that sends two. */
async function linesAt(level: string): Promise<Line[]> {
  const lines: Line[] = [];
  const log = pino(
    { level: 'trace' },
    { write: (line: string) => void lines.push(JSON.parse(line)) },
  );
  const env = { ...routeEnv, VRSKY_LOG_LEVEL: level };
  const [incoming, outgoing] = await Promise.all([
    launchMemory({ env, log, identity }),
    launchMemory({ env, log, identity }),
  ]);
  await incoming.node.connect(configOf('memory-in', { messages: ['payload-1'] }));
  await incoming.node.receive();
  await outgoing.node.connect(configOf('memory-out'));
  await outgoing.node.send(messageOf('payload-2', identity));
  await outgoing.node.send(messageOf('refused', identity)).catch(() => {});
  await Promise.all([incoming.kill(), outgoing.kill()]);
  return lines;
}

test('at debug each message that was received or sent is one line, with whose it is, and no payload', async () => {
  const lines = await linesAt('debug');
  const whose = { customer: 'acme', integration: 'orders' };
  expect(lines.filter(({ msg }) => msg.startsWith('message ')).toSorted(byText)).toMatchObject([
    {
      level: 20,
      msg: 'message not sent',
      fields: { ...whose, messageId: 'id-refused', code: 'SEND_FAILED', recoverable: true },
    },
    {
      level: 20,
      msg: 'message received',
      fields: { ...whose, messageId: 'id-payload-1', bytes: 9 },
    },
    { level: 20, msg: 'message sent', fields: { ...whose, messageId: 'id-payload-2', bytes: 9 } },
  ]);
  expect(JSON.stringify(lines)).not.toContain('"payload-');
});

test.each([
  ['', 40, true],
  ['ERROR', 40, false],
  ['off', 50, false],
])(
  'at level %j no message is a line, and a line at %d passes: %s',
  async (level, number, passes) => {
    const lines = (await linesAt(level)).filter(({ fields }) => fields);
    expect(lines.filter(({ msg }) => msg.startsWith('message '))).toEqual([]);
    expect(lines.some((line) => line.level === number)).toBe(passes);
  },
);

test('a connector that nothing confines says so once, at the start', async () => {
  const lines: string[] = [];
  const log = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) });
  const { node } = await launchMemory({ log });
  await node.connect(configOf('memory-in'));
  await node.disconnect();
  await node.connect(configOf('memory-out'));
  expect(lines.filter((line) => line.includes('nothing confines this connector'))).toHaveLength(1);
});

test('an unknown level is refused at the start, with those there are', async () => {
  const launched = launchMemory({ env: { ...routeEnv, VRSKY_LOG_LEVEL: 'loud' } });
  await expect(launched).rejects.toThrow(
    /VRSKY_LOG_LEVEL: expected one of trace, debug, info, warn, error, off, got ."loud."/,
  );
});

function byText(a: Line, b: Line): number {
  return a.msg < b.msg ? -1 : 1;
}
