/** Lets those who want the same path have it one after the other. */
export class Turns {
  readonly #last = new Map<string, Promise<void>>();

  /**
   * Waits for its turn; whoever has it gives it on by calling what this resolves with. On abort it
   * rejects with the signal's reason.
   */
  async take(path: string, signal: AbortSignal): Promise<() => void> {
    const before = this.#last.get(path);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last.set(path, promise);
    const give = (): void => {
      resolve();
      if (this.#last.get(path) === promise) this.#last.delete(path);
    };
    if (!before) return give;
    const left = Promise.withResolvers<never>();
    const leave = (): void => left.reject(signal.reason);
    signal.addEventListener('abort', leave, { once: true });
    try {
      await Promise.race([before, left.promise]);
      return give;
    } catch (error) {
      void before.then(give);
      throw error;
    } finally {
      signal.removeEventListener('abort', leave);
    }
  }
}
