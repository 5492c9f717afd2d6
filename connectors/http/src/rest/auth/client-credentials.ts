import { PluginError, timeoutMs } from '@vrsky/runtime';
import { abortable, withDeadline } from '@vrsky/runtime/plugin';
import type { Dispatcher } from 'undici';
import {
  type AuthContext,
  type Authorization,
  credentialOf,
  type Proof,
  secretOf,
} from './context.ts';
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
  readonly #context: AuthContext;
  readonly #settings: OAuth2Settings;
  readonly #others: Proof;
  readonly #client: Client;
  readonly #url: URL;
  #token: Token | undefined;
  #fetching: Promise<Token> | undefined;

  /**
   * @param others headers that go with the token
   * @throws PluginError INVALID_CONFIG, BLOCKED_DESTINATION
   */
  constructor(context: AuthContext, settings: OAuth2Settings, others: Proof) {
    this.#context = context;
    this.#settings = settings;
    this.#others = others;
    this.#client = {
      id: credentialOf(context, 'oauth2_client_id', 'oauth2'),
      secret: secretOf(context, 'oauth2_client_secret', 'oauth2'),
    };
    this.#url = parseTokenUrl(settings.tokenUrl, context.guard);
  }

  async headers(dispatcher: Dispatcher, signal: AbortSignal): Promise<Proof> {
    const now = performance.now();
    let token = this.#token;
    if (!token || now >= token.endsAt) token = await abortable(this.#fetch(dispatcher), signal);
    else if (now >= token.renewAt) this.#renew(token, dispatcher);
    return { ...this.#others, authorization: bearer(token) };
  }

  refused({ authorization }: Proof): boolean {
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
