import { incomplete } from '../errors.ts';
import { ChunkSink } from './chunk-sink.ts';
import type { RemoteFiles } from './remote-files.ts';

/** The content of a file whose size is known. */
export async function readAll(
  remote: RemoteFiles,
  path: string,
  size: number,
  signal: AbortSignal,
): Promise<Buffer> {
  const sink = new ChunkSink(size, size);
  const content = sink.take();
  content.catch(() => {}); // `read` knows better why
  await remote.read(path, 0, sink, signal);
  if (sink.missing === 0) return content;
  throw incomplete('read', `the download of ${path}`, size - sink.missing, size);
}
