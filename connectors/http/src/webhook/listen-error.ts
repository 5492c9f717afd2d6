import type { PluginError } from '@vrsky/runtime';
import { codeOf, type Failure, toError } from '../failure.ts';

const IN_USE: Failure = {
  code: 'CONNECTION_FAILED',
  reason: 'PORT_IN_USE',
  text: 'the port is in use; stop what uses it, or choose another settings.port',
};
const NO_SUCH_HOST: Failure = {
  code: 'CONNECTION_FAILED',
  reason: 'NO_SUCH_ADDRESS',
  text: 'this machine does not have the address; check settings.host',
};

const LISTEN: Readonly<Record<string, Failure>> = {
  EADDRINUSE: IN_USE,
  EADDRNOTAVAIL: NO_SUCH_HOST,
  ENOTFOUND: NO_SUCH_HOST,
  EAI_AGAIN: NO_SUCH_HOST,
  EACCES: {
    code: 'INVALID_CONFIG',
    text: 'this process may not use the port; choose a settings.port above 1023',
  },
};

/** Why the webhook's port could not be opened. `address` is host:port. */
export function listenError(thrown: unknown, address: string): PluginError {
  const code = codeOf(thrown);
  const failure = LISTEN[code] ?? { code: 'CONNECTION_FAILED', text: 'the system refused it' };
  return toError(failure, `Cannot listen on ${address}: ${failure.text}`, code, thrown);
}
