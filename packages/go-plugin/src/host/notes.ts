import { stat } from 'node:fs/promises';

/** go-plugin's notes on an executable that did not shake hands. */
export async function notesAbout(path: string): Promise<string> {
  const { mode, uid, gid } = await stat(path);
  return (
    '\nAdditional notes about plugin:\n' +
    `  Path: ${path}\n` +
    `  Mode: ${(mode & 0o7777).toString(8).padStart(4, '0')}\n` +
    `  Owner: ${uid} (current: ${process.getuid?.() ?? 'unknown'})\n` +
    `  Group: ${gid} (current: ${process.getgid?.() ?? 'unknown'})\n`
  );
}
