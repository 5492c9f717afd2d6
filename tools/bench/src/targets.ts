import type { Built } from './build.ts';
import type { Case } from './cases.ts';

/** A plugin that is measured. */
export interface Target {
  readonly name: TargetName;
  readonly command: readonly string[];
}

/**
 * `streams only` is the executable whose host says that it takes messages by ReceiveStream only: its connections are not
 * observed for the fate of a Receive's answer. `peer again` is the peer a second time: what two rows of the same thing
 * differ by is noise.
 */
const TARGETS = [
  'peer',
  'go-connector',
  'executable',
  'streams only',
  'floor',
  'peer again',
] as const;
export type TargetName = (typeof TARGETS)[number];

/** @throws for a name that no target has */
export function checkTargets(names: readonly string[]): void {
  const unknown = names.filter((name) => !TARGETS.some((target) => target === name));
  if (unknown.length === 0) return;
  throw new Error(`No target ${unknown.join(', ')}; there is: ${TARGETS.join(', ')}`);
}

/** The plugins of a case, in the order in which they are measured. */
export function targetsOf(
  { kind, host, options }: Case,
  built: Built,
  wanted: readonly string[],
): Target[] {
  const { payloadBytes = 0, batch = 1 } = options;
  const commands: Record<TargetName, readonly string[]> = {
    peer: built.peer,
    'go-connector': built.goConnector,
    executable: built.connector,
    'streams only': ['env', 'VRSKY_STREAMS_ONLY=true', ...built.connector],
    floor: [...built.floor, String(payloadBytes), String(batch)],
    'peer again': built.peer,
  };
  const left = new Set<TargetName>(TARGETS);
  // Its answers are fixed, and our host believes nobody.
  if (host === 'ts') left.delete('floor');
  if (kind === 'memory') left.delete('peer again');
  return [...left]
    .filter((name) => wanted.length === 0 || name.startsWith('peer') || wanted.includes(name))
    .map((name) => ({ name, command: commands[name] }));
}
