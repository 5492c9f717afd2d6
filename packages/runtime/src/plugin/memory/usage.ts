import { openSync, readSync } from 'node:fs';
import { getHeapStatistics } from 'node:v8';

const PAGE_BYTES = 4096;
const LONGEST_STATM = 256;
/** What was freed lies in pieces: so much of it fits what comes next, at the least. */
const FITTING = 1 / 4;

/** What this process needs of the memory that it has, in bytes. */
export type MemoryUsage = () => number;

/**
 * Counts what the process holds, without the pages of files that the kernel can drop, and without a part
 * of what it has freed: malloc seldom gives that back to the kernel, and uses it for what comes next.
 */
export function openMemoryUsage(): MemoryUsage {
  const resident = openResident();
  const allocated = (): number => getHeapStatistics().external_memory;
  let before = { resident: resident(), allocated: allocated() };
  let reusable = 0;
  return () => {
    const now = { resident: resident(), allocated: allocated() };
    reusable += before.allocated - now.allocated;
    // What went back to the kernel all the same is not there to be used.
    reusable -= Math.max(0, before.resident - now.resident);
    reusable = Math.max(0, reusable);
    before = now;
    return now.resident - FITTING * reusable;
  };
}

/**
 * Opens the kernel's account of this process, which can then be read without any permission. Where
 * there is none (outside Linux) the resident size stands for it, which counts file pages, too.
 */
function openResident(): () => number {
  let statm: number;
  try {
    statm = openSync('/proc/self/statm', 'r');
  } catch {
    return () => process.memoryUsage.rss();
  }
  const text = Buffer.alloc(LONGEST_STATM);
  return () => {
    const length = readSync(statm, text, 0, text.length, 0);
    const [, resident = 0, shared = 0] = text.toString('latin1', 0, length).split(' ').map(Number);
    return (resident - shared) * PAGE_BYTES;
  };
}
