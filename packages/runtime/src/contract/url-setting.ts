import { PluginError } from './plugin-error.ts';

export interface UrlForm {
  /** Without the colon, such as `https`. */
  readonly schemes: readonly string[];
  /** Shown in the error, such as `mqtts://broker.example:8883`. */
  readonly example: string;
}

/**
 * Parses the URL that a setting holds. A user name or password in it is refused: it would appear wherever the URL is
 * shown or logged.
 * @param field path of the setting, such as `settings.brokers[0]`
 * @throws PluginError INVALID_CONFIG; the text never shows the value
 */
export function parseUrlSetting(text: string, field: string, { schemes, example }: UrlForm): URL {
  const url = URL.parse(text);
  const known = url && schemes.includes(url.protocol.slice(0, -1)) && url.hostname;
  if (!known) {
    const begins = schemes.map((scheme) => `${scheme}://`).join(' or ');
    throw invalid(field, `expected a URL that begins with ${begins}, such as ${example}`);
  }
  if (url.username || url.password) {
    throw invalid(field, 'expected a URL without user name and password: set them as credentials');
  }
  return url;
}

function invalid(field: string, text: string): PluginError {
  return new PluginError('INVALID_CONFIG', `${field}: ${text}`, { field });
}
