import { PluginError } from '@vrsky/runtime';
import { parseUrlSetting } from '@vrsky/runtime/plugin';
import { expect, test } from 'vitest';

const form = { schemes: ['mqtt', 'mqtts'], example: 'mqtts://broker.example:8883' };
const field = 'settings.brokers[0]';

function refusal(text: string): PluginError {
  try {
    parseUrlSetting(text, field, form);
  } catch (thrown) {
    if (thrown instanceof PluginError) return thrown;
    throw thrown;
  }
  throw new Error('accepted');
}

test('a URL of a setting is parsed', () => {
  expect(parseUrlSetting('mqtts://broker.example:8883/a?b', field, form)).toMatchObject({
    protocol: 'mqtts:',
    hostname: 'broker.example',
    port: '8883',
  });
});

test.each(['', 'broker.example:1883', 'http://broker.example', 'mqtt:broker', 'mqtt://', '/path'])(
  'one with another scheme, or without a host, is refused with the expected form: %j',
  (text) => {
    expect(refusal(text)).toMatchObject({
      code: 'INVALID_CONFIG',
      field,
      rawMessage: `${field}: expected a URL that begins with mqtt:// or mqtts://, such as mqtts://broker.example:8883`,
    });
  },
);

test.each(['user:canary-password@', 'canary-user@', ':canary-password@', 'canary%40x:@'])(
  'user name and password in it are refused, and not repeated: %j',
  (userinfo) => {
    const refused = refusal(`mqtt://${userinfo}broker.example`);
    expect(refused).toMatchObject({ code: 'INVALID_CONFIG', field, recoverable: false });
    expect(refused.rawMessage).toContain('without user name and password');
    expect(refused.rawMessage).not.toContain('canary');
  },
);
