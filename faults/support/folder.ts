import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** An empty folder that is gone after the test, with all sockets that killed hosts left in it. */
export function tempFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'f-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
