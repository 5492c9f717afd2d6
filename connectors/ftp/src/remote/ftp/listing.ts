import { type FileInfo, FileType, parseList } from 'basic-ftp';
import { isName } from '../../paths.ts';
import type { RemoteEntry } from '../remote-files.ts';

/** Lines that are parsed at once: a long listing never exists in full as the library's objects. */
const BATCH = 1000;

export interface Listing {
  readonly entries: RemoteEntry[];
  /** Entries left out, because their names lead elsewhere. */
  readonly unsafe: number;
}

/** A directory listing as the server wrote it. */
export function parseListing(text: string): Listing {
  const entries: RemoteEntry[] = [];
  let unsafe = 0;
  for (const batch of batchesOf(text)) {
    // The library itself leaves out names with slashes, where facts and name are told apart.
    unsafe += batch.filter((line) => /^[^\s=]+=\S*; .*\//.test(line)).length;
    for (const info of parseList(batch.join('\n'))) {
      if (info.name === '.' || info.name === '..') continue;
      if (isName(info.name)) entries.push(toEntry(info));
      else unsafe += 1;
    }
  }
  return { entries, unsafe };
}

function* batchesOf(text: string): Generator<string[]> {
  let batch: string[] = [];
  for (let at = 0, end = 0; at < text.length; at = end + 1) {
    end = text.indexOf('\n', at);
    if (end < 0) end = text.length;
    const line = text.slice(at, end).replace(/\r$/, '');
    if (line.trim() === '' || line.startsWith('total')) continue;
    batch.push(line);
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  yield batch;
}

function toEntry({ name, type, size, modifiedAt, uniqueID }: FileInfo): RemoteEntry {
  const kind =
    type === FileType.File ? 'file' : type === FileType.Directory ? 'directory' : 'other';
  return { name, kind, size, modifiedAt: modifiedAt?.getTime(), uniqueId: uniqueID ?? '' };
}

/** The facts in the reply to MLST. */
export function parseFacts(reply: string, name: string): RemoteEntry | undefined {
  const line = reply.split('\n').find((one) => /^\s*[^\s=;]+=[^\s;]*;/.test(one));
  const [packed] = line?.trim().split(' ') ?? [];
  // With a name of its own: the one in the reply may be a path, which the library leaves out.
  const [info] = packed ? parseList(`${packed} ${name}`) : [];
  return info && toEntry(info);
}
