import { PluginError } from '@vrsky/runtime';
import type { LinkFault } from './fault.ts';

const SESSION_TAKEN_OVER = 0x8e;
const WITHIN_MS = 60_000;
const MOST = 3;

/** When other clients with our client id took the connection over, lately. */
export class Takeovers {
  #times: number[] = [];

  note({ code }: LinkFault): void {
    if (code === SESSION_TAKEN_OVER) this.#times.push(performance.now());
  }

  /** Somebody fights with us for the client id: coming back soon would only go on with it. */
  get isStorm(): boolean {
    const now = performance.now();
    this.#times = this.#times.filter((at) => now - at < WITHIN_MS);
    return this.#times.length >= MOST;
  }

  /** @throws PluginError while there is a storm */
  check(): void {
    if (!this.isStorm) return;
    const text = `another client uses the same client id and has taken the connection over ${this.#times.length} times in a minute; give each its own settings.clientId`;
    throw new PluginError('CONNECTION_FAILED', text, { reason: 'CLIENT_ID_CONFLICT' });
  }
}
