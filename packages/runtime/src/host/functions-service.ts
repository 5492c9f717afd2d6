import { ConnectError, type ServiceImpl } from '@connectrpc/connect';
import { PluginError } from '../contract/plugin-error.ts';
import type { HostFunctions as Service } from '../gen/vrsky/connector/v1/host_functions_pb.ts';
import { configToWire } from '../wire/config.ts';
import { statusFromError } from '../wire/error.ts';
import type { HostFunctions, StateStore } from './host-functions.ts';

const MAX_KEY_BYTES = 256;
const MAX_VALUE_BYTES = 64 * 1024;

/** A host's functions on the wire; every failure leaves as a status with our detail. */
export function createFunctionsService(functions: HostFunctions): ServiceImpl<typeof Service> {
  return {
    getSecret: ({ name }) => answer(async () => ({ value: await functions.getSecret(name) })),
    log: ({ level, message }) =>
      answer(async () => {
        functions.log(level, message);
        return {};
      }),
    recordMetric: ({ name, value, tags }) =>
      answer(async () => {
        functions.recordMetric(name, value, tags);
        return {};
      }),
    getConfiguration: () =>
      answer(async () => ({ config: configToWire(functions.getConfiguration()) })),
    getState: ({ key }) =>
      answer(async () => {
        const { value, revision } = await stateOf(functions, key).get(key);
        return { value: value as Uint8Array<ArrayBuffer>, revision };
      }),
    putState: ({ key, value, revision }) =>
      answer(async () => {
        const state = stateOf(functions, key);
        if (value.length > MAX_VALUE_BYTES) {
          const text = `the value of "${key}" has ${value.length} bytes, above the limit of ${MAX_VALUE_BYTES}`;
          throw new PluginError('PAYLOAD_TOO_LARGE', text);
        }
        return { revision: await state.put(key, value, revision) };
      }),
  };
}

function stateOf({ state }: HostFunctions, key: string): StateStore {
  if (!state) throw new PluginError('UNSUPPORTED', 'this host keeps no state for connectors');
  const bytes = Buffer.byteLength(key);
  if (bytes >= 1 && bytes <= MAX_KEY_BYTES) return state;
  const text = `a state key has 1 to ${MAX_KEY_BYTES} bytes; this one has ${bytes}`;
  throw new PluginError('INVALID_STATE', text, { field: 'key' });
}

async function answer<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (thrown instanceof ConnectError) throw thrown;
    throw statusFromError(PluginError.from(thrown).redacted((text) => text));
  }
}
