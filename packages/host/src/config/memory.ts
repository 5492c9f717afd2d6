import { PluginError } from '@vrsky/runtime';
import type { Direction, Integration } from './integration.ts';

const UNITS: Readonly<Record<string, number>> = { '': 1, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30 };
/** What this process needs for itself: measured at 85 MiB, with room for what is under way. */
const HOST_BYTES = 128 * 2 ** 20;
/** A connector at rest has 35 MiB; below this it would push back nearly everything. */
const LEAST_BYTES = 64 * 2 ** 20;

export const MEMORY_PATTERN = '^[1-9][0-9]{0,8}(Ki|Mi|Gi)?$';

/** Bytes of a text that matches {@link MEMORY_PATTERN}. */
function parseMemory(text: string): number {
  return Number.parseInt(text, 10) * (UNITS[text.replace(/^[0-9]+/, '')] ?? 1);
}

/** How much each connector may hold, in bytes; nothing where neither the file nor the machine limits it. */
export type MemoryParts = Readonly<Partial<Record<Direction, number>>>;

/**
 * Divides the memory that this process and its connectors have together: each would take the whole
 * limit of their cgroup for its own.
 * @param total in bytes, see {@link totalMemory}
 * @throws PluginError INVALID_CONFIG where a part is below 64Mi
 */
export function memoryParts(integration: Integration, total: number | undefined): MemoryParts {
  const { incoming, outgoing } = integration;
  const fixed = new Map(
    [incoming, outgoing].flatMap(({ direction, memoryLimit }) =>
      memoryLimit === undefined ? [] : [[direction, parseMemory(memoryLimit)] as const],
    ),
  );
  const free = (total ?? 0) - HOST_BYTES - [...fixed.values()].reduce((sum, one) => sum + one, 0);
  const part = total === undefined ? undefined : Math.floor(free / (2 - fixed.size));
  const parts: Partial<Record<Direction, number>> = {};
  for (const direction of ['incoming', 'outgoing'] as const) {
    const bytes = fixed.get(direction) ?? part;
    if (bytes === undefined) continue;
    if (bytes < LEAST_BYTES) throw tooSmall(integration, direction, bytes, total);
    parts[direction] = bytes;
  }
  return parts;
}

/** The limit of this process and its connectors together, in bytes: as configured, or as their cgroup says. */
export function totalMemory(env: Readonly<Record<string, string | undefined>>): number | undefined {
  const text = env['VRSKY_MEMORY_LIMIT'];
  if (text && !new RegExp(MEMORY_PATTERN).test(text)) {
    const expected = 'VRSKY_MEMORY_LIMIT: expected bytes such as 256Mi';
    throw new PluginError('INVALID_CONFIG', expected, { field: 'VRSKY_MEMORY_LIMIT' });
  }
  if (text) return parseMemory(text);
  const cgroup = process.constrainedMemory();
  // Without a limit the kernel names a number that no machine has.
  return cgroup > 0 && cgroup < Number.MAX_SAFE_INTEGER ? cgroup : undefined;
}

function tooSmall(
  integration: Integration,
  direction: Direction,
  bytes: number,
  total: number | undefined,
): PluginError {
  const field = `${direction}.memoryLimit`;
  const reason =
    integration[direction].memoryLimit === undefined
      ? `${inMi(total ?? 0)} for the host (128Mi) and two connectors leave it ${inMi(Math.max(0, bytes))}`
      : `it is ${inMi(bytes)}`;
  const text = `a connector needs at least 64Mi, and ${reason}; give the host's container 256Mi or more`;
  return new PluginError('INVALID_CONFIG', `${integration.locate(field)}: ${field}: ${text}`, {
    field,
  });
}

function inMi(bytes: number): string {
  return `${Math.floor(bytes / 2 ** 20)}Mi`;
}
