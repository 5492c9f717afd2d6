import { PluginError } from '@vrsky/runtime';
import { expect } from 'vitest';

/** What a call rejects with, which must be a PluginError. */
export async function failureOf(call: Promise<unknown>): Promise<PluginError> {
  const thrown = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(PluginError);
  return thrown as PluginError;
}
