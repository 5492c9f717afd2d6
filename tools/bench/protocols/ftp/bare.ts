import { Readable, Writable } from 'node:stream';
import { Client } from 'basic-ftp';
import { credentials } from '../../../testing/proftpd.ts';

/** basic-ftp alone, over one login, with the round trips that the connector makes. */
export async function logIn(port: number): Promise<Client> {
  const client = new Client();
  const { username: user, password } = credentials;
  await client.access({ host: '127.0.0.1', port, user, password });
  return client;
}

/** Reads every file and moves it, after it has made sure that its new name is free. */
export async function takeAll(client: Client, directory: string): Promise<number> {
  await client.cd(directory);
  const files = (await client.list()).filter(({ isFile }) => isFile);
  for (const { name } of files) {
    const chunks: Buffer[] = [];
    const sink = new Writable({
      write(chunk: Buffer, _encoding, done) {
        chunks.push(chunk);
        done();
      },
    });
    await client.downloadTo(sink, `${directory}/${name}`);
    Buffer.concat(chunks);
    await client.sendIgnoringError(`MLST ${directory}/.done/${name}`);
    await client.rename(`${directory}/${name}`, `${directory}/.done/${name}`);
  }
  return files.length;
}

/** Writes a file under a temporary name, compares its size, and renames it. */
export async function putOne(client: Client, path: string, content: Buffer): Promise<void> {
  await client.sendIgnoringError(`MLST ${path}`);
  await client.uploadFrom(Readable.from([content], { objectMode: false }), `${path}.part`);
  await client.send(`MLST ${path}.part`);
  await client.rename(`${path}.part`, path);
}
