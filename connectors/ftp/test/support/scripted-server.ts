import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { onTestFinished } from 'vitest';

/** One control connection. */
export interface Session {
  readonly control: Socket;
  reply(line: string): void;
  /** Goes on with TLS, after a reply to AUTH. */
  secure(cert: string, key: string): void;
  /** The data connection that the client opens after EPSV or PASV. */
  data(): Promise<Socket>;
}

/** What a command is answered; undefined = as usual, null = not at all. */
export type Answer = (
  argument: string,
  session: Session,
) => string | null | undefined | Promise<string | null | undefined>;

export interface ScriptedServer {
  readonly port: number;
  /** By absolute path. */
  readonly files: Map<string, Buffer>;
  /** Every command of every session, in order. */
  readonly commands: string[];
  /** By verb; may be changed at any time. */
  readonly script: Record<string, Answer>;
  readonly sessions: Set<Session>;
}

const FEATURES = '211-Features\r\n MLST type*;size*;modify*;\r\n SIZE\r\n MDTM\r\n UTF8\r\n211 End';

/** An FTP server with its files in memory, which misbehaves as its script says. */
export async function startScripted(script: Record<string, Answer> = {}): Promise<ScriptedServer> {
  const files = new Map<string, Buffer>();
  const commands: string[] = [];
  const sessions = new Set<Session>();
  const listeners = new Set<Server>();
  const sockets = new Set<Socket>();
  const server = await listen((control) => serve(control, '220 ready'));
  onTestFinished(() => {
    for (const one of listeners) one.close();
    for (const socket of sockets) socket.destroy();
  });
  return { port: portOf(server), files, commands, script, sessions };

  async function listen(onConnection: (socket: Socket) => void): Promise<Server> {
    const listener = createServer((socket) => {
      sockets.add(socket.on('error', () => {}));
      onConnection(socket);
    });
    listeners.add(listener);
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    return listener;
  }

  function serve(control: Socket, greeting?: string): void {
    let accepted = Promise.withResolvers<Socket>();
    let renaming = '';
    const session: Session = {
      control,
      reply: (line) => void control.write(`${line}\r\n`),
      secure(cert, key) {
        control.removeAllListeners('data');
        serve(new TLSSocket(control, { isServer: true, cert, key }).on('error', () => {}));
      },
      data: () => accepted.promise,
    };
    sessions.add(session);
    control.on('close', () => sessions.delete(session));
    let rest = '';
    let queue = Promise.resolve();
    control.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\r\n');
      rest = lines.pop() ?? '';
      for (const line of lines) queue = queue.then(() => handle(line)).catch(() => {});
    });
    if (greeting) session.reply(greeting);

    async function handle(line: string): Promise<void> {
      commands.push(line);
      const [, verb = '', argument = ''] = /^(\S+) ?(.*)$/s.exec(line) ?? [];
      const scripted = await script[verb]?.(argument, session);
      if (scripted === null) return;
      session.reply(scripted ?? (await usual(verb, argument)));
    }

    async function openData(): Promise<number> {
      accepted = Promise.withResolvers();
      const listener = await listen((socket) => {
        listener.close();
        listeners.delete(listener);
        accepted.resolve(socket);
      });
      return portOf(listener);
    }

    async function usual(verb: string, argument: string): Promise<string> {
      const file = files.get(argument);
      switch (verb) {
        case 'USER':
          return '331 password';
        case 'PASS':
          return '230 welcome';
        case 'FEAT':
          return FEATURES;
        case 'PWD':
          return '257 "/"';
        case 'EPSV':
          return `229 Entering (|||${await openData()}|)`;
        case 'PASV': {
          const port = await openData();
          return `227 Entering (127,0,0,1,${port >> 8},${port & 255})`;
        }
        case 'MLSD':
          return transfer((socket) => void socket.end(listing(files)));
        case 'RETR':
          return file ? transfer((socket) => void socket.end(file)) : '550 no such file';
        case 'STOR':
          return transfer(async (socket) => {
            const chunks: Buffer[] = [];
            socket.on('data', (chunk: Buffer) => chunks.push(chunk));
            await once(socket, 'close');
            files.set(argument, Buffer.concat(chunks));
          });
        case 'SIZE':
          return file ? `213 ${file.length}` : '550 no such file';
        case 'MDTM':
          return file ? '213 20260102030405' : '550 no such file';
        case 'MLST':
          return file ? `250-Facts\r\n ${facts(file)} ${argument}\r\n250 End` : '550 no such file';
        case 'DELE':
          return files.delete(argument) ? '250 gone' : '550 no such file';
        case 'RNFR':
          renaming = argument;
          return file ? '350 and to?' : '550 no such file';
        case 'RNTO':
          files.set(argument, files.get(renaming) ?? Buffer.alloc(0));
          files.delete(renaming);
          return '250 renamed';
        case 'QUIT':
          setImmediate(() => control.end());
          return '221 bye';
        default:
          return '200 fine';
      }
    }

    async function transfer(work: (socket: Socket) => void | Promise<void>): Promise<string> {
      session.reply('150 here it comes');
      const socket = await accepted.promise;
      await work(socket);
      if (!socket.closed) await once(socket, 'close');
      return '226 done';
    }
  }
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

export function facts(file: Buffer): string {
  return `type=file;size=${file.length};modify=20260102030405;`;
}

function listing(files: ReadonlyMap<string, Buffer>): string {
  const lines = [...files].filter(
    ([path]) => path.startsWith('/drop/') && !path.slice(6).includes('/'),
  );
  return lines.map(([path, file]) => `${facts(file)} ${path.slice(6)}\r\n`).join('');
}
