import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { needs } from './require-program.ts';

/** Whether processes can have a network of their own here. */
export const canIsolate: boolean = needs('unshare') && needs('ip');

const SILENT =
  "import { createSocket } from 'node:dgram'; createSocket('udp4').bind(53, '127.0.0.1').unref();";
const STEPS = [
  'ip link set lo up',
  'mount --bind "$1" /etc/resolv.conf',
  'shift',
  'exec "$@"',
].join(' && ');

/**
 * A command line for Node, to which its own arguments are added: the process has a network of its own, and looks names up
 * at itself, where nothing is ever answered. Until the test ends.
 */
export function nodeWithDeadNameServer(): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'resolver-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const resolver = join(folder, 'resolv.conf');
  writeFileSync(resolver, 'nameserver 127.0.0.1\n');
  const silent = `data:text/javascript,${encodeURIComponent(SILENT)}`;
  const node = [process.execPath, '--import', silent];
  return ['unshare', '-rmn', 'sh', '-c', STEPS, 'sh', resolver, ...node];
}
