import { type ConnectionConfig, Secrets } from '@vrsky/runtime';
import type { ConnectorHost } from '@vrsky/runtime/plugin';
import { type Proxies, proxiesOf } from '../proxies.ts';
import { type AddressGuard, addressGuard } from './address-guard.ts';
import { createAuthorization, queryProof } from './auth/authorization.ts';
import type { Proof } from './auth/context.ts';
import { createSigner } from './auth/sign.ts';
import type { ClientParts } from './client.ts';
import { type Composer, createComposer } from './compose.ts';
import { compileHeaders } from './request.ts';
import type { RestSettings } from './settings.ts';
import { compileTarget, type Target } from './target.ts';
import { type TlsContexts, tlsContexts } from './tls.ts';
import { compileVerdict } from './verdict.ts';

/** What settings and credentials come to, before anything is reached. */
export interface Setup extends ClientParts {
  readonly settings: RestSettings;
  /** Parameters of every query that prove who calls. */
  readonly secretQuery: Proof;
  readonly target: Target;
  readonly compose: Composer;
  readonly guard: AddressGuard;
  readonly tls: TlsContexts;
  readonly proxies: Proxies;
}

/**
 * Proves the whole configuration: templates, headers, credentials, PEM, addresses, proxies.
 * @throws PluginError INVALID_CONFIG, BLOCKED_DESTINATION
 */
export function prepare(
  config: ConnectionConfig<RestSettings>,
  host: Pick<ConnectorHost, 'hideSecret'>,
): Setup {
  const { settings, credentials } = config;
  const secrets = new Secrets();
  const hide = (value: string): void => {
    secrets.addDerived(value);
    host.hideSecret(value);
  };
  const guard = addressGuard(settings.ssrf);
  const context = { config, guard, secrets, hide };
  const authorization = createAuthorization(context);
  const secretQuery = queryProof(context);
  const target = compileTarget(settings, guard, secretQuery);
  const { proxy_username: username, proxy_password: password } = credentials;
  return {
    settings,
    secrets,
    guard,
    authorization,
    secretQuery,
    target,
    sign: createSigner(context),
    compose: createComposer(settings, target, compileHeaders(settings)),
    verdict: compileVerdict(settings),
    tls: tlsContexts(credentials),
    proxies: proxiesOf({ username, password, hide }),
  };
}
