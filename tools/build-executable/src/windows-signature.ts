/**
 * A copy of a signed Windows executable (PE32+) without its signature. With the program in it the
 * signature is void, and the header would go on pointing to where it was: into the program.
 */
export function withoutSignature(executable: Buffer): Buffer {
  const entry = certificateTableEntry(executable);
  const start = executable.readUInt32LE(entry);
  const size = executable.readUInt32LE(entry + 4);
  if (start + size !== executable.length) throw new Error('The signature is not at the end.');
  const unsigned = Buffer.from(executable.subarray(0, start));
  unsigned.fill(0, entry, entry + 8);
  return unsigned;
}

/** Where the header says where the signature is: the fifth of the optional header's directories. */
function certificateTableEntry(executable: Buffer): number {
  const optionalHeader = executable.readUInt32LE(0x3c) + 24;
  const isPe32Plus = executable.readUInt16LE(optionalHeader) === 0x20b;
  if (!isPe32Plus) throw new Error('This is no 64-bit Windows executable.');
  return optionalHeader + 112 + 4 * 8;
}
