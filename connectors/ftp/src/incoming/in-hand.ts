import type { Incoming, IncomingMessage } from '@vrsky/runtime/plugin';
import type { Download } from './download.ts';
import type { FoundFile } from './found-file.ts';
import { newTraceId } from './message.ts';

/** A message that is with the host, and the file that it is of. */
export interface FilePart extends Incoming {
  readonly hand: FileInHand;
}

/** A file that was taken, until its last message is settled. */
export class FileInHand {
  readonly file: FoundFile;
  readonly id: string;
  /** Bytes of each of its messages; the whole file in one, if it is not above the limit. */
  readonly partBytes: number;
  readonly parts: number;
  readonly traceId: string = newTraceId();
  download: Download | undefined;
  /** Handed over so far. */
  handed = 0;
  /** With the host now. */
  unsettled = 0;
  isRejected = false;
  isReleased = false;

  constructor(file: FoundFile, id: string, partBytes: number) {
    this.file = file;
    this.id = id;
    this.partBytes = partBytes;
    this.parts = Math.max(1, Math.ceil(file.size / partBytes));
  }

  get offset(): number {
    return this.handed * this.partBytes;
  }

  /** All of it went to the host, which has settled all of it. */
  get isSettled(): boolean {
    return this.handed === this.parts && this.unsettled === 0 && !this.isReleased;
  }

  handOver(message: IncomingMessage): FilePart {
    this.handed += 1;
    this.unsettled += 1;
    return { message, hand: this };
  }
}
