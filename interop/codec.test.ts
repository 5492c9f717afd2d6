import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { comparable, WIRE_TYPES } from '../packages/runtime/test/hot-path/fixtures/calls.ts';
import { sampleValues, sampleWire } from '../packages/runtime/test/hot-path/fixtures/samples.ts';
import { needs } from '../tools/testing/require-program.ts';
import { buildGoProgram } from './support/go-program.ts';

const PREFIX_BYTES = 5;
const COUNT = 300;

describe.runIf(needs('go'))('our codec and the one of Go', () => {
  let go: ReturnType<typeof buildGoProgram>;
  beforeAll(() => {
    go = buildGoProgram('./interop/codec');
  }, 300_000);
  afterAll(() => go?.remove());

  describe.each(WIRE_TYPES)('for $name', ({ name, schema, codec }) => {
    test('read what the other one writes', () => {
      const ours = sampleValues(name, COUNT).map((value) =>
        Buffer.concat(codec.encode(value)).subarray(PREFIX_BYTES),
      );
      const theirs = throughGo(name, ours);
      expect(theirs.map((bytes) => bytes && comparable(codec.decode(bytes)))).toEqual(
        ours.map((bytes) => comparable(codec.decode(bytes))),
      );
    });

    test('take and refuse the same, in any form that Protobuf allows', () => {
      const wire = sampleWire(schema, COUNT);
      const theirs = throughGo(name, wire);
      wire.forEach((bytes, i) => {
        const read = attempt(() => comparable(codec.decode(bytes)));
        const wanted = theirs[i];
        expect(read, bytes.toString('hex')).toEqual(wanted && comparable(codec.decode(wanted)));
      });
    });
  });

  /** What Go writes of each message that it can read. */
  function throughGo(name: string, messages: readonly Buffer[]): (Buffer | undefined)[] {
    const input = messages.map((bytes) => `${name} ${bytes.toString('hex')}\n`).join('');
    const output = execFileSync(go.path, { input, encoding: 'utf8', maxBuffer: 1 << 28 });
    const lines = output.split('\n').slice(0, -1);
    expect(lines).toHaveLength(messages.length);
    return lines.map((line) => (line === 'malformed' ? undefined : Buffer.from(line, 'hex')));
  }
});

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
