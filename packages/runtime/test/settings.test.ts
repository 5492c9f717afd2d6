import { PluginError } from '@vrsky/runtime';
import { checkSettings } from '@vrsky/runtime/plugin';
import { Type } from 'typebox';
import { describe, expect, test } from 'vitest';

const Schema = Type.Object(
  {
    port: Type.Integer({ minimum: 0, maximum: 65535, default: 8080, description: 'port' }),
    url: Type.Optional(Type.String({ pattern: '^https?://' })),
    method: Type.Optional(Type.Union([Type.Literal('POST'), Type.Literal('PUT')])),
    routes: Type.Optional(
      Type.Array(Type.Object({ path: Type.String() }, { additionalProperties: false })),
    ),
  },
  { additionalProperties: false },
);

function faultOf(settings: unknown): PluginError {
  try {
    checkSettings(Schema, settings, 'settings');
  } catch (error) {
    if (error instanceof PluginError) return error;
  }
  throw new Error('the settings were accepted');
}

test('defaults are filled in, and the given value is left alone', () => {
  const given = {};
  expect(checkSettings(Schema, given, 'settings')).toEqual({ port: 8080 });
  expect(given).toEqual({});
});

test('an integral double, as the wire has it, is an integer', () => {
  expect(checkSettings(Schema, { port: 8081.0 }, 'settings').port).toBe(8081);
});

describe('a fault names its path, what was expected, and a suggestion', () => {
  test.each([
    [{ prot: 1 }, 'settings.prot', 'settings.prot: is not known; did you mean "port"?'],
    [{ port: 'x' }, 'settings.port', 'settings.port: expected an integer from 0 to 65535 (port)'],
    [
      { port: '8081' },
      'settings.port',
      'settings.port: expected an integer from 0 to 65535 (port), and found a text: leave the quotes out',
    ],
    [{ port: 1.5 }, 'settings.port', 'settings.port: expected an integer from 0 to 65535 (port)'],
    [{ method: 'GET' }, 'settings.method', 'settings.method: expected one of "POST", "PUT"'],
    [
      { routes: [{ path: '/a' }, {}] },
      'settings.routes[1].path',
      'settings.routes[1].path: is missing; expected a string',
    ],
    [
      { routes: [{ path: '/a', quite: 1 }] },
      'settings.routes[0].quite',
      'settings.routes[0].quite: is not known; known are path',
    ],
  ])('%j', (settings, field, text) => {
    const fault = faultOf(settings);
    expect(fault.rawMessage).toBe(text);
    expect(fault).toMatchObject({ code: 'INVALID_CONFIG', recoverable: false, field });
  });
});

test('a fault never prints the value: a secret may have strayed in', () => {
  expect(faultOf({ url: 'hunter2-secret', port: 'hunter2-secret' }).message).not.toContain(
    'hunter2',
  );
});
