interface Directory {
  /** Where it lies in the file. */
  readonly start: number;
  readonly size: number;
}

/** The processor that a Windows executable is for. */
export function machine(file: Buffer): number {
  return file.readUInt16LE(peHeader(file) + 4);
}

/** The data directories of a PE32+ file by their number; 2 is resources, 4 the signature. */
export function dataDirectories(file: Buffer): Directory[] {
  const optionalHeader = peHeader(file) + 24;
  const count = file.readUInt32LE(optionalHeader + 108);
  return Array.from({ length: count }, (_, index) => {
    const at = optionalHeader + 112 + index * 8;
    const address = file.readUInt32LE(at);
    // Only that of the signature is a place in the file, and not in memory.
    const start = index === 4 ? address : placeInFile(file, address);
    return { start, size: file.readUInt32LE(at + 4) };
  });
}

function placeInFile(file: Buffer, address: number): number {
  const header = peHeader(file);
  const sections = header + 24 + file.readUInt16LE(header + 20);
  for (let index = 0; index < file.readUInt16LE(header + 6); index += 1) {
    const at = sections + index * 40;
    const offset = address - file.readUInt32LE(at + 12);
    if (offset >= 0 && offset < file.readUInt32LE(at + 16)) {
      return file.readUInt32LE(at + 20) + offset;
    }
  }
  return 0;
}

function peHeader(file: Buffer): number {
  return file.readUInt32LE(0x3c);
}
