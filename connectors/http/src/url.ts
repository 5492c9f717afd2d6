import { parseUrlSetting } from '@vrsky/runtime/plugin';

const FORM = { schemes: ['http', 'https'], example: 'https://shop.example/orders' };

/** The URL of a setting. @throws PluginError INVALID_CONFIG */
export function parseHttpUrl(text: string, field: string): URL {
  return parseUrlSetting(text, field, FORM);
}
