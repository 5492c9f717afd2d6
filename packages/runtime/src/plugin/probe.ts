import { createHash } from 'node:crypto';
import { type TBoolean, Type } from 'typebox';
import { PluginError } from '../contract/plugin-error.ts';
import { abortable } from './abortable.ts';

/** How Validate reaches the outside system of a connection. */
export interface Probe {
  /** Names the endpoint and the account, such as `mqtts://user@broker:8883`. Without secrets. */
  readonly endpoint: string;
  /**
   * Called by Validate after the checks, on an instance that is never started, unless the setting `probe` is false or
   * this process is connected to the same endpoint with the same credentials. Connects as Connect would, changes nothing
   * outside, and closes what it opened. Resolves with warnings; rejects with what Connect would reject with, and on abort.
   */
  run(signal: AbortSignal): Promise<string[]>;
}

/** The setting by which a configuration turns its probe off: the same in every type. */
export const ProbeSetting: TBoolean = Type.Boolean({
  default: true,
  description:
    'Whether Validate connects to the endpoint: at most once in 30 s for the same account.',
});

const REMEMBERED_MS = 30_000;
const MOST_REMEMBERED = 64;

interface Outcome {
  readonly at: number;
  readonly warnings: Promise<string[]>;
}

/**
 * Remembers what probes found: a host that validates again and again must not lock an account by it. An outcome is the
 * endpoint's and the credentials' together, so that a corrected password is tried at once.
 */
export class Probes {
  readonly #outcomes = new Map<string, Outcome>();

  async run(
    probe: Probe,
    credentials: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<string[]> {
    const key = probeKey(probe, credentials);
    const known = this.#outcomes.get(key);
    if (known && performance.now() - known.at < REMEMBERED_MS) {
      try {
        return await abortable(known.warnings, signal);
      } catch (error) {
        signal.throwIfAborted();
        if (this.#outcomes.get(key) === known) throw remembered(error, known.at);
        return this.run(probe, credentials, signal); // the caller that probed went away
      }
    }
    const outcome = { at: performance.now(), warnings: probe.run(signal) };
    this.#remember(key, outcome);
    try {
      return await outcome.warnings;
    } catch (error) {
      // A caller that went away says nothing about the endpoint.
      if (signal.aborted) this.#outcomes.delete(key);
      throw error;
    }
  }

  #remember(key: string, outcome: Outcome): void {
    this.#outcomes.delete(key);
    this.#outcomes.set(key, outcome);
    const [oldest] = this.#outcomes.keys();
    if (oldest !== undefined && this.#outcomes.size > MOST_REMEMBERED)
      this.#outcomes.delete(oldest);
  }
}

/** The same for two connections that reach the same endpoint with the same credentials. */
export function probeKey(
  { endpoint }: Probe,
  credentials: Readonly<Record<string, string>>,
): string {
  const parts = [endpoint, ...Object.entries(credentials).toSorted(byName).flat()];
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64');
}

function byName([a]: [string, string], [b]: [string, string]): number {
  return a < b ? -1 : 1;
}

function remembered(thrown: unknown, at: number): PluginError {
  const error = PluginError.from(thrown);
  const ago = Math.round((performance.now() - at) / 1000);
  const text = `${error.rawMessage} (found ${ago} s ago; an endpoint is probed at most once in 30 s)`;
  return error.withText(text);
}
