import { type Connector, defineConnector } from '@vrsky/runtime/plugin';
import { Type } from 'typebox';
import { describe, expect, test } from 'vitest';
import { directionOf } from '../src/plugin/direction.ts';

const unused = (): never => {
  throw new Error('no side is opened here');
};
const brokers = Type.String();
const metadata = {} as Connector['metadata'];
const both = defineConnector({
  metadata,
  incoming: {
    types: ['mail', 'mail-in'],
    settings: Type.Object({ brokers, folder: Type.String(), pause: Type.Integer({ default: 1 }) }),
    source: unused,
  },
  outgoing: {
    types: ['mail', 'mail-out'],
    settings: Type.Object({ brokers, to: Type.String() }),
    destination: unused,
  },
});

describe('a type that both directions serve', () => {
  test.each([
    [{ brokers: 'a', folder: 'b' }, 'incoming'],
    [{ pause: 2 }, 'incoming'],
    [{ brokers: 'a', to: 'b' }, 'outgoing'],
  ])('has the direction whose own settings are given: %j', (settings, direction) => {
    expect(directionOf(both, 'mail', settings)).toBe(direction);
  });

  test('is incoming without settings, if only the outgoing ones are needed', () => {
    const { incoming, outgoing } = both;
    const settings = Type.Object({ port: Type.Integer({ default: 80 }) });
    const http = { metadata, incoming: { ...incoming, settings }, outgoing } as Connector;
    expect(directionOf(http, 'mail', {})).toBe('incoming');
    const printer = { metadata, incoming, outgoing: { ...outgoing, settings } } as Connector;
    expect(directionOf(printer, 'mail', {})).toBe('outgoing');
  });

  test.each([
    [{ brokers: 'a' }, 'folder to receive, or to to send'],
    [{ folder: 'a', to: 'b' }, 'and not both folder and to'],
  ])('is refused with settings of none or of both: %j', (settings, text) => {
    expect(() => directionOf(both, 'mail', settings)).toThrow(
      expect.objectContaining({
        code: 'INVALID_CONFIG',
        field: 'settings',
        rawMessage: expect.stringContaining(text),
      }),
    );
  });
});

describe('a type whose sides both have the setting direction', () => {
  const { incoming, outgoing } = both;
  const direction = Type.String();
  const drop = {
    metadata,
    incoming: { ...incoming, settings: Type.Object({ direction, folder: Type.String() }) },
    outgoing: { ...outgoing, settings: Type.Object({ direction, to: Type.String() }) },
  } as Connector;

  test.each(['incoming', 'outgoing'])('has the one that is named: %s', (named) => {
    expect(directionOf(drop, 'mail', { direction: named, folder: 'a' })).toBe(named);
  });

  test.each([{}, { direction: 'sideways' }])('is refused with another one: %j', (settings) => {
    expect(() => directionOf(drop, 'mail', settings)).toThrow(
      expect.objectContaining({ code: 'INVALID_CONFIG', field: 'settings.direction' }),
    );
  });
});

test('a type of one direction has that one, whatever its settings; others have none', () => {
  expect(directionOf(both, 'mail-in', { to: 'b' })).toBe('incoming');
  expect(directionOf(both, 'mail-out', { folder: 'b' })).toBe('outgoing');
  expect(directionOf(both, 'post', {})).toBeUndefined();
});
