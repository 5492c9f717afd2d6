import { PluginError } from './plugin-error.ts';

const MIB = 1024 * 1024;
const DEFAULT_BYTES = 16 * MIB;
const HIGHEST_BYTES = 64 * MIB;

/**
 * The largest encoded message that a side takes, in bytes: 16 MiB unless set, at most 64 MiB.
 * @throws PluginError INVALID_CONFIG
 */
export function messageLimit(bytes: number = DEFAULT_BYTES): number {
  if (Number.isInteger(bytes) && bytes > 0 && bytes <= HIGHEST_BYTES) return bytes;
  const text = `maxMessageBytes: expected an integer from 1 to ${HIGHEST_BYTES}`;
  throw new PluginError('INVALID_CONFIG', text, { field: 'maxMessageBytes' });
}
