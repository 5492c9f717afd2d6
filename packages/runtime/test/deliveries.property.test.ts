import * as fc from 'fast-check';
import { afterEach, beforeEach, type MockInstance, test, vi } from 'vitest';
import { Leases } from '../src/plugin/delivery/lease.ts';
import { World } from './fixtures/model/world.ts';

const RUNS = 10_000;
/** Always the same cases, so that a change is judged by what it changes; another seed explores. */
const SEED = 907422059;
const MIB = 1024 * 1024;

type Step = readonly [name: keyof typeof STEPS, ...values: number[]];

/** What a step does. Values name one of the things that there are, or are amounts. */
const STEPS = {
  arrive: (world, bytes, faulty) => world.source.arrive(bytes, faulty === 0),
  manyArrive: (world, count) => {
    for (let i = 0; i < count; i++) world.source.arrive(1, false);
  },
  openStream: (world) => world.openStream(),
  grant: (world, stream, messages, bytes) => world.grant(stream, messages, bytes),
  read: (world, stream) => world.read(stream),
  receive: (world, holder) => world.receive(holder),
  cancelReceive: (world, receive) => world.cancelReceive(receive),
  ack: (world, loan, by) => world.settle(loan, 'ack', 0, by),
  retry: (world, loan, by, delayMs) => world.settle(loan, 'retry', delayMs, by),
  reject: (world, loan, by) => world.settle(loan, 'reject', 0, by),
  pass: (_, ms) => void vi.advanceTimersByTime(ms),
  giveBack: (world, loan) => world.giveBack(loan),
  holderGone: (world, holder) => world.holderGone(holder),
  breakStream: (world, stream) => world.breakStream(stream),
  halfClose: (world, stream) => world.halfClose(stream),
  withdraw: (world, item) => world.withdraw(item),
  failSource: (world) => world.failSource(),
  stopIntake: (world) => world.stopIntake(),
  close: (world) => world.close(),
} satisfies Record<string, (world: World, ...values: number[]) => void>;

/** After these, or now and then, the runtime does all that it has to do before the next step. */
const ALWAYS_SETTLES = new Set<string>(['pass', 'read', 'failSource']);

const which = fc.nat(7);
const size = fc.oneof(
  { weight: 12, arbitrary: fc.nat(12) },
  { weight: 2, arbitrary: fc.constant(700_000) },
  { weight: 1, arbitrary: fc.constant(30 * MIB) },
);
const few = fc.oneof({ weight: 9, arbitrary: fc.nat(4) }, fc.constant(2000));
const credit = fc.oneof({ weight: 5, arbitrary: fc.nat(30) }, fc.constantFrom(MIB, 100 * MIB));
const delayMs = fc.constantFrom(0, 30, 250);

const step: fc.Arbitrary<Step> = fc.oneof(
  kind(10, 'arrive', size, which),
  kind(0.1, 'manyArrive', fc.constant(700)),
  kind(1, 'openStream'),
  kind(8, 'grant', which, few, credit),
  kind(8, 'read', which),
  kind(4, 'receive', which),
  kind(1, 'cancelReceive', which),
  kind(6, 'ack', which, which),
  kind(6, 'retry', which, which, delayMs),
  kind(2, 'reject', which, which),
  kind(4, 'pass', fc.constantFrom(10, 60, 300)),
  kind(1, 'giveBack', which),
  kind(1, 'holderGone', which),
  kind(1, 'breakStream', which),
  kind(1, 'halfClose', which),
  kind(1, 'withdraw', which),
  kind(0.3, 'failSource'),
  kind(0.3, 'stopIntake'),
  kind(0.3, 'close'),
);

function kind(
  often: number,
  name: keyof typeof STEPS,
  ...values: fc.Arbitrary<number>[]
): fc.WeightedArbitrary<Step> {
  return { weight: often * 10, arbitrary: fc.tuple(fc.constant(name), ...values) };
}

let world: World | undefined;
let granted: MockInstance<Leases['grant']>;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  const grant = Leases.prototype.grant;
  granted = vi.spyOn(Leases.prototype, 'grant').mockImplementation(function (
    this: Leases,
    ...given
  ) {
    const lease = grant.apply(this, given);
    world?.granted(lease);
    return lease;
  });
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** One that has failed may still have something to do, which is not to fail this one. */
async function forgetLastRun(): Promise<void> {
  world = undefined;
  await new Promise(setImmediate);
  vi.clearAllTimers();
}

test('every message is in one place and has one end, whatever happens in whatever order', async () => {
  const property = fc.asyncProperty(
    fc.option(fc.constant(100), { nil: undefined }),
    fc.array(fc.tuple(step, fc.boolean()), { maxLength: 40, size: 'max' }),
    async (leaseMs, sequence) => {
      await forgetLastRun();
      granted.mockClear();
      world = new World(leaseMs);
      world.openStream();
      world.openStream();
      for (const [[name, ...values], settles] of sequence) {
        const run: (world: World, ...values: number[]) => void = STEPS[name];
        run(world, ...values);
        if (settles || ALWAYS_SETTLES.has(name)) await world.settled();
      }
      await world.settled();
      await world.finish();
    },
  );
  await fc.assert(property, { numRuns: RUNS, seed: SEED });
}, 240_000);
