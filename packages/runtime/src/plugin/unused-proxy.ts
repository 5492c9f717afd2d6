const VARIABLES = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'];

/**
 * A warning of a connector that connects directly, if the environment names a proxy, through which its operator may expect
 * everything to go.
 * @param hosts names or addresses that are connected to; those that NO_PROXY lists need no proxy
 */
export function unusedProxyWarnings(hosts: readonly string[]): string[] {
  const variable = VARIABLES.find((name) => process.env[name]);
  const direct = [...new Set(hosts)].filter((host) => !isExempt(host));
  if (!variable || direct.length === 0) return [];
  const text = `${variable} is set, but only HTTP goes through a proxy: the connection to ${direct.join(', ')} is direct; NO_PROXY with that name ends this warning`;
  return [text];
}

/** This machine itself, and what NO_PROXY holds: names, of which each stands for its subdomains, too, or `*` for all. */
function isExempt(host: string): boolean {
  if (host === 'localhost' || host === '::1' || host.startsWith('127.')) return true;
  const list = process.env['NO_PROXY'] ?? process.env['no_proxy'] ?? '';
  return list.split(/[\s,]+/).some((entry) => {
    const name = entry.replace(/^\*?\./, '').replace(/:\d+$/, '');
    return entry === '*' || (name !== '' && (host === name || host.endsWith(`.${name}`)));
  });
}
