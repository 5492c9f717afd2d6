import { PluginError } from '../../contract/plugin-error.ts';

/** For machines without cgroups, and where several processes share one. */
const MEMORY_LIMIT_VARIABLE = 'VRSKY_MEMORY_LIMIT';

const UNITS: Readonly<Record<string, number>> = { '': 1, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30 };

/**
 * How much this process may hold, in bytes: as configured, or else as its cgroup says; nothing when
 * neither limits it.
 * @throws PluginError INVALID_CONFIG
 */
export function memoryLimit(env: Readonly<Record<string, string | undefined>>): number | undefined {
  const text = env[MEMORY_LIMIT_VARIABLE];
  if (text) return parse(text);
  const cgroup = process.constrainedMemory();
  // Without a limit the kernel names a number that no machine has.
  return cgroup > 0 && cgroup < Number.MAX_SAFE_INTEGER ? cgroup : undefined;
}

function parse(text: string): number {
  const [, digits = '', unit = ''] = /^(\d{1,15})(|Ki|Mi|Gi)$/.exec(text) ?? [];
  const bytes = Number(digits) * (UNITS[unit] ?? 0);
  if (bytes > 0) return bytes;
  const expected = `${MEMORY_LIMIT_VARIABLE}: expected bytes such as 268435456 or 256Mi, got ${JSON.stringify(text)}`;
  throw new PluginError('INVALID_CONFIG', expected, { field: MEMORY_LIMIT_VARIABLE });
}
