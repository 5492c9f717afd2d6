import { readFileSync } from 'node:fs';
import type { Memory } from '../src/measurement.ts';

/** CPU times in /proc are in hundredths of a second, on every Linux. */
const TICKS_PER_SECOND = 100;

/** What this process has used, in seconds. */
export function ownCpu(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** What another process has used, in seconds. */
export function cpuOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name, in parentheses, may contain anything; utime and stime are the 14th and 15th field.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

export function memoryOf(pid: number): Memory {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const bytes = (field: string): number =>
    Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) * 1024;
  return { anon: bytes('RssAnon'), total: bytes('VmRSS') };
}

/** Looks at a process's memory until it is disposed of. */
export class MemoryWatch {
  readonly #pid: number;
  readonly #timer: NodeJS.Timeout;
  readonly #peak = { anon: 0, total: 0 };

  constructor(pid: number, everyMs: number) {
    this.#pid = pid;
    this.#timer = setInterval(() => this.peak(), everyMs);
  }

  peak(): Memory {
    const { anon, total } = memoryOf(this.#pid);
    this.#peak.anon = Math.max(this.#peak.anon, anon);
    this.#peak.total = Math.max(this.#peak.total, total);
    return this.#peak;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
