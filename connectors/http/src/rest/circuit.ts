import { PluginError } from '@vrsky/runtime';
import { abortable } from '@vrsky/runtime/plugin';
import {
  type CircuitBreakerPolicy,
  CircuitState,
  circuitBreaker,
  handleWhenResult,
  isBrokenCircuitError,
  SamplingBreaker,
} from 'cockatiel';
import { isOutage } from '../errors.ts';
import type { RestSettings } from './settings.ts';

type Settings = RestSettings['circuitBreaker'];

interface Circuit {
  readonly policy: CircuitBreakerPolicy;
  /** When it opened, on the clock of `performance.now`. */
  openedAt: number;
}

/** A circuit breaker for each host: one that does not work is left alone for a while. */
export class Circuits {
  readonly #settings: Settings;
  readonly #circuits = new Map<string, Circuit>();

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** What sends fail with now, if there is an origin that gets nothing yet. */
  get refusal(): PluginError | undefined {
    const closed = [...this.#circuits].find(
      ([, { policy, openedAt }]) =>
        policy.state === CircuitState.Open && openedAt + this.#settings.openMs > performance.now(),
    );
    return closed && this.#refusal(...closed);
  }

  /** The origins that get nothing now, or only trials. */
  get open(): string[] {
    const open = [...this.#circuits].filter(
      ([, { policy }]) => policy.state !== CircuitState.Closed,
    );
    return open.map(([origin]) => origin);
  }

  /**
   * Does the work, whose outcome tells how the host is, unless its circuit is open. While others try
   * how it is, it waits for them.
   */
  async run<T>(
    origin: string,
    signal: AbortSignal,
    work: () => Promise<T | PluginError>,
  ): Promise<T | PluginError> {
    if (!this.#settings.enabled) return work();
    const circuit = this.#of(origin);
    const { policy } = circuit;
    if (policy.state === CircuitState.Closed) return policy.execute(work);
    try {
      const trial = policy.execute(() => {
        signal.throwIfAborted();
        return work();
      });
      return await abortable(trial, signal);
    } catch (thrown) {
      if (isBrokenCircuitError(thrown)) return this.#refusal(origin, circuit);
      throw thrown;
    }
  }

  #of(origin: string): Circuit {
    let circuit = this.#circuits.get(origin);
    if (!circuit) {
      circuit = this.#create();
      this.#circuits.set(origin, circuit);
    }
    return circuit;
  }

  #create(): Circuit {
    const { windowMs, minRequests, failureRatio, openMs, halfOpenMax } = this.#settings;
    const policy = circuitBreaker(handleWhenResult(isOutage), {
      halfOpenAfter: openMs,
      halfOpenSampling: { calls: halfOpenMax, threshold: 0 },
      breaker: new SamplingBreaker({
        threshold: failureRatio,
        duration: windowMs,
        minimumRps: (minRequests / windowMs) * 1000,
      }),
    });
    const circuit: Circuit = { policy, openedAt: 0 };
    policy.onBreak(() => {
      circuit.openedAt = performance.now();
    });
    return circuit;
  }

  #refusal(origin: string, { openedAt }: Circuit): PluginError {
    const { openMs } = this.#settings;
    const retryAfterMs = Math.max(0, Math.ceil(openedAt + openMs - performance.now()));
    const text = `${origin} has failed too often (settings.circuitBreaker); it is tried again in ${retryAfterMs} ms`;
    return new PluginError('CONNECTION_FAILED', text, { reason: 'CIRCUIT_OPEN', retryAfterMs });
  }
}
