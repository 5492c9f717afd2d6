import { PluginError } from '@vrsky/runtime';

/** The variables of the environment that connectors inherit, and that may hold an account. */
const VARIABLES = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'];

export interface ProxySettings {
  /** The variables that held an account, without it. */
  readonly env: Readonly<Record<string, string>>;
  /** The account, for connectors that know these credentials; empty without one. */
  readonly credentials: Readonly<Record<string, string>>;
}

interface Proxy {
  readonly variable: string;
  readonly text: string;
  readonly host: string;
  readonly username: string;
  readonly password: string;
}

/**
 * Takes the account out of the proxy variables: every process of this user can read a connector's
 * environment, and a credential goes only to those that know it.
 * @throws PluginError INVALID_CONFIG naming the variable, without its value
 */
export function proxySettings(env: Readonly<Record<string, string | undefined>>): ProxySettings {
  const proxies = VARIABLES.flatMap((variable) => {
    const text = env[variable];
    return text ? [parse(variable, text)] : [];
  });
  const account = proxies.find(({ username }) => username);
  if (!account) return { env: {}, credentials: {} };
  const { username, password, host, variable } = account;
  const other = proxies.find((one) => {
    return one.host !== host && !(one.username === username && one.password === password);
  });
  if (other) {
    const text = `${variable} and ${other.variable} name different proxies with different accounts, and a connector gets one account: use the same in both`;
    throw new PluginError('INVALID_CONFIG', text, { field: other.variable });
  }
  const cleaned = proxies
    .filter((one) => one.username)
    .map((one) => [one.variable, one.text.replace(/^([a-z][a-z0-9+.-]*:\/\/)?.*@/i, '$1')]);
  return {
    env: Object.fromEntries(cleaned) as Record<string, string>,
    credentials: { proxy_username: username, proxy_password: password },
  };
}

function parse(variable: string, text: string): Proxy {
  try {
    const { host, username, password } = new URL(text.includes('://') ? text : `http://${text}`);
    return {
      variable,
      text,
      host,
      username: decodeURIComponent(username),
      password: decodeURIComponent(password),
    };
  } catch {
    const expected = `${variable}: expected a URL such as http://proxy.example:3128, with special characters of an account percent-encoded`;
    throw new PluginError('INVALID_CONFIG', expected, { field: variable });
  }
}
