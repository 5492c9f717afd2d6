import { PluginError } from '@vrsky/runtime';

/** As undici's EnvHttpProxyAgent takes them; empty = none. */
export interface Proxies {
  readonly httpProxy: string;
  readonly httpsProxy: string;
  readonly noProxy: string;
}

export interface ProxyAccount {
  /** `credentials.proxy_username`; it wins over a user name in the variables. */
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** Called with each value that must not get out. */
  readonly hide: (value: string) => void;
}

const SCHEMES = ['http:', 'https:', 'socks:', 'socks5:'];

/**
 * The proxies of the environment variables, in lower or upper case; one without a scheme is http.
 * @throws PluginError INVALID_CONFIG for one that cannot be read, without its value: it may hold a password
 */
export function proxiesOf(account: ProxyAccount): Proxies {
  return {
    httpProxy: proxyOf('http_proxy', account),
    httpsProxy: proxyOf('https_proxy', account),
    noProxy: process.env['no_proxy'] ?? process.env['NO_PROXY'] ?? '',
  };
}

function proxyOf(variable: string, given: ProxyAccount): string {
  const name = process.env[variable] === undefined ? variable.toUpperCase() : variable;
  const text = process.env[name];
  if (!text) return '';
  const url = URL.parse(text.includes('://') ? text : `http://${text}`);
  const account = url && SCHEMES.includes(url.protocol) ? accountOf(url) : undefined;
  if (!url || !account) {
    const expected =
      'the URL of a proxy, such as http://proxy.example:3128, with %25 for a percent sign in its password';
    throw new PluginError('INVALID_CONFIG', `the variable ${name}: expected ${expected}`);
  }
  const { username, password } = given.username ? given : account;
  if (!username) return url.href;
  url.username = encodeURIComponent(username);
  url.password = encodeURIComponent(password ?? '');
  const pair = Buffer.from(`${username}:${password ?? ''}`).toString('base64');
  for (const value of [password, url.password, pair]) if (value) given.hide(value);
  return url.href;
}

/** Undefined: a percent sign in it begins no escape. */
function accountOf(url: URL): { username: string; password: string } | undefined {
  try {
    const { username, password } = url;
    return { username: decodeURIComponent(username), password: decodeURIComponent(password) };
  } catch {
    return undefined;
  }
}
