import { ConnectError, type Interceptor } from '@connectrpc/connect';
import type { Logger } from 'pino';
import type { PluginError } from '../contract/plugin-error.ts';
import { statusFromError } from '../wire/error.ts';

/** What a method has thrown, as a status with our detail; cancellations and deadlines stay what they are. */
export type ToStatus = (thrown: unknown, method: string) => ConnectError;

export function createToStatus(
  log: Logger,
  toPluginError: (thrown: unknown) => PluginError,
): ToStatus {
  return (thrown, method) => {
    if (thrown instanceof ConnectError) return thrown;
    const error = toPluginError(thrown);
    if (error.code === 'INTERNAL') log.error({ err: thrown }, `${method} failed`);
    return statusFromError(error);
  };
}

/** Every failure leaves as a status. */
export function statusOnError(toStatus: ToStatus): Interceptor {
  return (next) => async (request) => {
    const { name } = request.method;
    try {
      const response = await next(request);
      if (!response.stream) return response;
      return { ...response, message: withStatus(response.message, name) };
    } catch (thrown) {
      throw toStatus(thrown, name);
    }
  };
  async function* withStatus<T>(messages: AsyncIterable<T>, method: string): AsyncGenerator<T> {
    try {
      yield* messages;
    } catch (thrown) {
      throw toStatus(thrown, method);
    }
  }
}
