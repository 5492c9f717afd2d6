import { readdirSync, readFileSync } from 'node:fs';

/** The processes whose parent this one is now. */
export function childrenOf(parent: number | undefined): number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map(Number).filter((pid) => {
    try {
      return (
        Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[1]) === parent
      );
    } catch {
      return false; // it has just ended
    }
  });
}

/** Those, and theirs. */
export function descendantsOf(parent: number | undefined): number[] {
  const children = childrenOf(parent);
  return [...children, ...children.flatMap(descendantsOf)];
}

/** What a process holds in memory besides pages of files, in bytes; 0 when it has ended. */
export function anonymousBytes(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(/^RssAnon:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
