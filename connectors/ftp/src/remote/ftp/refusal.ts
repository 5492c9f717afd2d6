import type { Client, FTPContext } from 'basic-ftp';

/** How long the reply may take that says why a data connection was reset. */
const REPLY_MS = 500;

/**
 * A server that refuses a transfer resets its data connection, and often that is noticed before the
 * refusal is read. The library would then close everything; this lets the refusal come first.
 */
export function awaitRefusals(client: Client): void {
  const strategy = client.prepareTransfer;
  client.prepareTransfer = async (ftp) => {
    const reply = await strategy(ftp);
    deferErrors(ftp);
    return reply;
  };
}

function deferErrors(ftp: FTPContext): void {
  const socket = ftp.dataSocket;
  if (!socket) return;
  // Once bytes are piped, a broken connection is what it is.
  const isTransferring = (): boolean =>
    socket.listenerCount('data') + socket.listenerCount('unpipe') > 0;
  socket.removeAllListeners('error');
  socket.removeAllListeners('close');
  socket.on('error', (error) => {
    const close = (): void => ftp.closeWithError(error);
    if (isTransferring()) return close();
    setTimeout(() => {
      if (ftp.dataSocket === socket) close();
    }, REPLY_MS).unref();
  });
}
