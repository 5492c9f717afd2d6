import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** Servers that show in their refusals the secrets that they were sent. They end with the test. Each gives its port. */

/** Answers 401, then 500, with what it got in the reason phrase, the headers and the body. */
export async function echoingHttp(): Promise<number> {
  let count = 0;
  const server = createHttpServer((request, response) => {
    const { authorization = '', ...headers } = request.headers;
    const said = `${authorization} ${request.url ?? ''} ${String(headers['x-api-key'] ?? '')}`;
    response.writeHead(count++ === 0 ? 401 : 500, `refused ${said}`, {
      'www-authenticate': `Bearer error_description="${said}"`,
      'set-cookie': said,
      'retry-after': said,
      location: `http://user:${encodeURIComponent(said)}@127.0.0.1/`,
    });
    response.end(JSON.stringify({ error: said, error_description: said }));
  });
  return listening(server);
}

/** Refuses a CONNECT of MQTT 5 with a reason string that holds all of its bytes. */
export async function echoingMqtt(): Promise<number> {
  return listening(
    createServer((socket) => {
      socket.once('data', (packet) => {
        const reason = Buffer.from(packet.toString('latin1').replace(/[^ -~]/g, '.'));
        const text = Buffer.concat([Buffer.from([0x1f, 0, reason.length]), reason]);
        const body = Buffer.concat([Buffer.from([0, 0x87, text.length]), text]);
        socket.end(Buffer.concat([Buffer.from([0x20, body.length]), body]));
      });
    }),
  );
}

/** Refuses a login with its password, at the place where a client would shorten it. */
export async function echoingFtp(): Promise<number> {
  return listening(
    createServer((socket) => {
      socket.setEncoding('utf8').write('220 ready\r\n');
      socket.on('data', (text: string) => {
        for (const line of text.split('\r\n').filter(Boolean)) {
          const [command = '', ...rest] = line.split(' ');
          if (command === 'USER') socket.write('331 go on\r\n');
          else if (command === 'PASS') socket.write(refusal(rest.join(' ')));
          else socket.write(`502 ${line} is not known\r\n`);
        }
      });
    }),
  );
}

function refusal(password: string): string {
  return `530 ${password}${'x'.repeat(280 - password.length)}${password} is wrong\r\n`;
}

async function listening(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  return (server.address() as AddressInfo).port;
}
