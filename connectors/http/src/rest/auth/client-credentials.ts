import { PluginError, timeoutMs } from '@vrsky/runtime';
import { abortable, withDeadline } from '@vrsky/runtime/plugin';
import type { Dispatcher } from 'undici';
import type { AuthContext, Authorization } from './authorization.ts';
import type { OAuth2Settings } from './settings.ts';
import { type Client, parseTokenUrl, requestToken } from './token-request.ts';

interface Token {
  readonly value: string;
  /** On the clock of `performance.now`. */
  readonly endsAt: number;
  renewAt: number;
}

/** After a failed renewal the token in use is good for a while yet, and the endpoint is left alone. */
const RENEW_AGAIN_MS = 5000;

/**
 * OAuth 2.0 client credentials (RFC 6749, 4.4). However many requests want a token, one call fetches
 * it; it is renewed before its end while the old one is still in use.
 */
export class ClientCredentials implements Authorization {
  readonly query: Authorization['query'] = {};
  readonly #context: AuthContext;
  readonly #client: Client;
  readonly #settings: OAuth2Settings;
  readonly #url: URL;
  #token: Token | undefined;
  #fetching: Promise<Token> | undefined;

  /** @throws PluginError INVALID_CONFIG, BLOCKED_DESTINATION */
  constructor(context: AuthContext, client: Client) {
    const { oauth2 } = context.config.settings;
    if (!oauth2) {
      const field = 'settings.oauth2';
      const text = `${field}: is missing; settings.auth is "oauth2" and needs its tokenUrl`;
      throw new PluginError('INVALID_CONFIG', text, { field });
    }
    this.#context = context;
    this.#client = client;
    this.#settings = oauth2;
    this.#url = parseTokenUrl(oauth2.tokenUrl, context.guard);
  }

  async headers(dispatcher: Dispatcher, signal: AbortSignal): Promise<Record<string, string>> {
    const now = performance.now();
    let token = this.#token;
    if (!token || now >= token.endsAt) token = await abortable(this.#fetch(dispatcher), signal);
    else if (now >= token.renewAt) this.#renew(token, dispatcher);
    return { authorization: bearer(token) };
  }

  refused({ authorization }: Readonly<Record<string, string>>): boolean {
    if (this.#token && authorization === bearer(this.#token)) this.#token = undefined;
    return true;
  }

  #renew(old: Token, dispatcher: Dispatcher): void {
    this.#fetch(dispatcher).catch(() => {
      old.renewAt = performance.now() + RENEW_AGAIN_MS;
    });
  }

  /** One call at a time, which belongs to none of those who wait for it. */
  #fetch(dispatcher: Dispatcher): Promise<Token> {
    this.#fetching ??= this.#request(dispatcher).finally(() => {
      this.#fetching = undefined;
    });
    return this.#fetching;
  }

  async #request(dispatcher: Dispatcher): Promise<Token> {
    const { config, hide } = this.#context;
    const limit = config.settings.timeoutMs ?? timeoutMs(config);
    const asked = performance.now();
    const late = (): PluginError =>
      new PluginError('TIMEOUT', `${this.#url.origin} gave no token in ${limit} ms`);
    const { value, lifeMs } = await withDeadline(limit, [], late, (signal) =>
      requestToken(dispatcher, this.#url, this.#client, this.#settings, signal),
    );
    hide(value);
    const skew = Math.min(this.#settings.refreshSkewSeconds * 1000, lifeMs / 2);
    this.#token = { value, endsAt: asked + lifeMs, renewAt: asked + lifeMs - skew };
    return this.#token;
  }
}

function bearer({ value }: Token): string {
  return `Bearer ${value}`;
}
