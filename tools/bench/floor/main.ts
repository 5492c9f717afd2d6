// A plugin with node:http2 alone, for what nothing on Node can beat: it reads no request, and its
// answers are fixed. main.ts PAYLOAD_BYTES BATCH
import { writeSync } from 'node:fs';
import {
  createSecureServer,
  createServer,
  type Http2SecureServer,
  type Http2Server,
  type SecureServerOptions,
  type ServerHttp2Stream,
} from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// Those of our own connectors.
const STREAM_WINDOW = 4 * 1024 * 1024;
const CONNECTION_WINDOW = 16 * 1024 * 1024;
const options = { settings: { initialWindowSize: STREAM_WINDOW }, maxSessionMemory: 256 };

const { PLUGIN_CLIENT_CERT: clientCertificate, PLUGIN_UNIX_SOCKET_DIR: folder } = process.env;
if (clientCertificate)
  void import('./tls.ts').then(({ secured }) => start(secured(clientCertificate)));
else start();

function start(tls?: {
  readonly options: SecureServerOptions;
  readonly certificate: string;
}): void {
  const server: Http2Server | Http2SecureServer = tls
    ? createSecureServer({ ...options, ...tls.options })
    : createServer(options);
  server.on('sessionError', () => {});
  server.on('session', (session) => session.setLocalWindowSize(CONNECTION_WINDOW));
  const path = join(folder || tmpdir(), `floor${process.pid}`);
  server.listen(path, () => {
    writeSync(1, `1|1|unix|${path}|grpc|${tls?.certificate ?? ''}\n`);
    const [payloadBytes, batch] = process.argv.slice(2).map(Number);
    const calls = import('./calls.ts').then(({ serveCalls }) => serveCalls(payloadBytes, batch));
    server.on('stream', (stream: ServerHttp2Stream, headers) => {
      stream.on('error', () => {});
      void calls.then((serve) => serve(stream, headers[':path']));
    });
  });
}
