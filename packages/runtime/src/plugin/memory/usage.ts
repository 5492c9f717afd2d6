import { openSync, readSync } from 'node:fs';

const PAGE_BYTES = 4096;
const LONGEST_STATM = 256;

/** What this process holds in memory, in bytes, without the pages of files that the kernel can drop. */
export type MemoryUsage = () => number;

/**
 * Opens the kernel's account of this process, which can then be read without any permission. Where
 * there is none (outside Linux) the resident size stands for it, which counts file pages, too.
 */
export function openMemoryUsage(): MemoryUsage {
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
