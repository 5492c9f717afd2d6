// node narrow-link.ts COMMAND [ARG]...: runs a connector and stands between it and its host, as a slow
// link with small buffers. Mutual TLS passes through unread.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { getDefaultHighWaterMark } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

/** As Node has it for a socket when nothing is said. */
const BUFFER_BYTES = getDefaultHighWaterMark(false);
/** For each of 64 KiB: 16 MiB/s, so that the link is what everything waits for. */
const PIECE_MS = 4;
const ADDRESS_FIELD = 3;

const [command = '', ...args] = process.argv.slice(2);
const connector = spawn(command, args, { stdio: ['inherit', 'pipe', 'inherit'] });
connector.once('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)));
process.on('SIGTERM', () => connector.kill('SIGTERM'));

const [line] = (await once(createInterface(connector.stdout), 'line')) as [string];
const fields = line.split('|');
const inner = fields[ADDRESS_FIELD] ?? '';
const outer = join(process.env['PLUGIN_UNIX_SOCKET_DIR'] ?? '', 'narrow');
const server = createServer((host) => {
  const plugin = connect(inner);
  void forward(host, plugin);
  void forward(plugin, host);
});
server.listen(outer, () => {
  fields[ADDRESS_FIELD] = outer;
  process.stdout.write(`${fields.join('|')}\n`);
});

/** Piece by piece, each only when the one before has left. */
async function forward(from: Socket, to: Socket): Promise<void> {
  try {
    for await (const piece of from) {
      if (!to.write(piece as Buffer)) await once(to, 'drain');
      await sleep(((piece as Buffer).length / BUFFER_BYTES) * PIECE_MS);
    }
    to.end();
  } catch {
    to.destroy(); // one side has gone, and so has the link
  }
}
