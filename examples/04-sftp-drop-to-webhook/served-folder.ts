import {
  type FileHandle,
  lstat,
  mkdir,
  open,
  readdir,
  realpath,
  rename,
  unlink,
} from 'node:fs/promises';
import { join, posix } from 'node:path';
import ssh2, { type Attributes, type SFTPWrapper } from 'ssh2';

const { STATUS_CODE } = ssh2.utils.sftp;
type Opened =
  | { readonly file: FileHandle }
  | { readonly names: string[]; readonly directory: string };

/** Serves a folder over SFTP, as far as the connector needs it: list, read, rename, remove, mkdir. */
export function serveFolder(sftp: SFTPWrapper, folder: string): void {
  const opened = new Map<number, Opened>();
  let handles = 0;
  const local = (path: string): string => join(folder, posix.resolve('/', path));
  const handleOf = (entry: Opened): Buffer => {
    const handle = Buffer.alloc(4);
    handle.writeUInt32BE((handles += 1));
    opened.set(handles, entry);
    return handle;
  };
  const entryOf = (handle: Buffer): Opened | undefined => opened.get(handle.readUInt32BE());
  /** Answers with a status what work does not answer itself. */
  const answer = (id: number, work: () => Promise<void | number>): void => {
    work().then(
      (status) => status !== undefined && sftp.status(id, status),
      (error: NodeJS.ErrnoException) => sftp.status(id, statusOf(error)),
    );
  };

  sftp.on('REALPATH', (id, path) => {
    const filename = posix.resolve('/', path);
    sftp.name(id, [{ filename, longname: filename, attrs: {} as Attributes }]);
  });
  for (const name of ['STAT', 'LSTAT'] as const) {
    sftp.on(name, (id: number, path: string) =>
      answer(id, async () => sftp.attrs(id, await attributes(local(path)))),
    );
  }
  sftp.on('OPENDIR', (id, path) =>
    answer(id, async () => {
      const directory = await realpath(local(path));
      sftp.handle(id, handleOf({ names: await readdir(directory), directory }));
    }),
  );
  sftp.on('READDIR', (id, handle) =>
    answer(id, async () => {
      const entry = entryOf(handle);
      if (!entry || !('names' in entry)) return STATUS_CODE.FAILURE;
      const names = entry.names.splice(0);
      if (names.length === 0) return STATUS_CODE.EOF;
      const list = names.map(async (filename) => {
        const attrs = await attributes(join(entry.directory, filename));
        return { filename, longname: filename, attrs };
      });
      sftp.name(id, await Promise.all(list));
      return undefined;
    }),
  );
  sftp.on('OPEN', (id, path) =>
    answer(id, async () => sftp.handle(id, handleOf({ file: await open(local(path)) }))),
  );
  sftp.on('READ', (id, handle, offset, length) =>
    answer(id, async () => {
      const entry = entryOf(handle);
      if (!entry || !('file' in entry)) return STATUS_CODE.FAILURE;
      const { bytesRead, buffer } = await entry.file.read(Buffer.alloc(length), 0, length, offset);
      if (bytesRead === 0) return STATUS_CODE.EOF;
      sftp.data(id, buffer.subarray(0, bytesRead));
      return undefined;
    }),
  );
  sftp.on('CLOSE', (id, handle) =>
    answer(id, async () => {
      const entry = entryOf(handle);
      opened.delete(handle.readUInt32BE());
      if (entry && 'file' in entry) await entry.file.close();
      return STATUS_CODE.OK;
    }),
  );
  sftp.on('RENAME', (id, from, to) =>
    answer(id, async () => {
      await rename(local(from), local(to));
      return STATUS_CODE.OK;
    }),
  );
  sftp.on('REMOVE', (id, path) =>
    answer(id, async () => {
      await unlink(local(path));
      return STATUS_CODE.OK;
    }),
  );
  sftp.on('MKDIR', (id, path) =>
    answer(id, async () => {
      await mkdir(local(path));
      return STATUS_CODE.OK;
    }),
  );
}

async function attributes(path: string): Promise<Attributes> {
  const { mode, uid, gid, size, atimeMs, mtimeMs } = await lstat(path);
  return { mode, uid, gid, size, atime: atimeMs / 1000, mtime: mtimeMs / 1000 };
}

function statusOf({ code }: NodeJS.ErrnoException): number {
  return code === 'ENOENT' ? STATUS_CODE.NO_SUCH_FILE : STATUS_CODE.FAILURE;
}
