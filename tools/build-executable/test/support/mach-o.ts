const LC_SEGMENT_64 = 0x19;
const LC_CODE_SIGNATURE = 0x1d;

export interface LoadCommand {
  /** '' if it is no segment. */
  readonly name: string;
  /** Where the segment lies in the file. */
  readonly start: number;
  readonly size: number;
  readonly isSignature: boolean;
}

/** What a 64-bit Mach-O file's header tells its loader. */
export function loadCommands(file: Buffer): LoadCommand[] {
  const commands: LoadCommand[] = [];
  let at = 32;
  for (let left = file.readUInt32LE(16); left > 0; left -= 1) {
    const kind = file.readUInt32LE(at);
    const isSegment = kind === LC_SEGMENT_64;
    commands.push({
      name: isSegment ? file.toString('latin1', at + 8, at + 24).replace(/\0+$/, '') : '',
      start: isSegment ? Number(file.readBigUInt64LE(at + 40)) : 0,
      size: isSegment ? Number(file.readBigUInt64LE(at + 48)) : 0,
      isSignature: kind === LC_CODE_SIGNATURE,
    });
    at += file.readUInt32LE(at + 4);
  }
  return commands;
}
