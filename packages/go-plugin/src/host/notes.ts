import { open, stat } from 'node:fs/promises';

/** Of ELF's machine numbers those that Node.js runs on, as Go names them. */
const machines: Readonly<Record<number, string>> = {
  3: 'EM_386',
  22: 'EM_S390',
  21: 'EM_PPC64',
  40: 'EM_ARM',
  62: 'EM_X86_64',
  183: 'EM_AARCH64',
  243: 'EM_RISCV',
  258: 'EM_LOONGARCH',
};
const goArchitectures: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' };

/** go-plugin's notes on an executable that did not shake hands, without the names of its users. */
export async function notesAbout(path: string): Promise<string> {
  const { mode, uid, gid } = await stat(path);
  return (
    '\nAdditional notes about plugin:\n' +
    `  Path: ${path}\n` +
    `  Mode: ${modeText(mode)}\n` +
    `  Owner: ${uid} (current: ${process.getuid?.() ?? 'unknown'})\n` +
    `  Group: ${gid} (current: ${process.getgid?.() ?? 'unknown'})\n` +
    (await elfNote(path))
  );
}

/** As `ls -l` shows a file's permissions. */
function modeText(mode: number): string {
  const bits = Array.from('rwxrwxrwx', (letter, i) => (mode & (0o400 >> i) ? letter : '-'));
  return `-${bits.join('')}`;
}

/** Nothing for what is no ELF file, such as a script, or must not be read. */
async function elfNote(path: string): Promise<string> {
  const header = Buffer.alloc(20);
  try {
    const file = await open(path, 'r');
    // `await using` would be a syntax error on an older Node: see ../node-version.ts.
    try {
      await file.read(header, 0, header.length, 0);
    } finally {
      await file.close();
    }
  } catch {
    return '';
  }
  if (header.toString('latin1', 0, 4) !== '\x7fELF') return '';
  const littleEndian = header[5] === 1;
  const machine = littleEndian ? header.readUInt16LE(18) : header.readUInt16BE(18);
  const current = goArchitectures[process.arch] ?? process.arch;
  return `  ELF architecture: ${machines[machine] ?? machine} (current architecture: ${current})\n`;
}
