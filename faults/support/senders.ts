import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';

/** The pause of a sender between two tries. */
const PAUSE_MS = 50;
const TIMEOUT_MS = 120_000;

export interface Sent {
  /** Requests answered 2xx so far. */
  accepted: number;
  /** Requests answered otherwise, or not at all. */
  refused: number;
}

export interface Answer {
  /** 0 = none came. */
  readonly status: number;
  readonly retryAfter: string | undefined;
}

/**
 * Posts `count` bodies, "0" to "count - 1", over `connections` connections, each again until it is
 * answered 2xx, as a sender of webhooks does.
 */
export async function sendAll(
  url: string,
  count: number,
  connections: number,
  onAccepted: (sent: Sent) => void,
): Promise<Sent> {
  const sent = { accepted: 0, refused: 0 };
  await postAll(url, count, connections, smallBody, async ({ status }) => {
    if (isAccepted(status)) {
      sent.accepted += 1;
      onAccepted(sent);
      return true;
    }
    sent.refused += 1;
    await sleep(PAUSE_MS);
    return false;
  });
  return sent;
}

/** Posts `count` bodies, each until `onAnswer` says that it is done with. */
export async function postAll(
  url: string,
  count: number,
  connections: number,
  bodyOf: (n: number) => readonly Uint8Array[],
  onAnswer: (answer: Answer, n: number) => Promise<boolean>,
): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  // Also where the test has failed, and nobody answers any more.
  const over = new AbortController();
  onTestFinished(() => {
    over.abort();
    agent.destroy();
  });
  let next = 0;
  const sender = async (): Promise<void> => {
    for (let n = next++; n < count && !over.signal.aborted; n = next++) {
      const body = bodyOf(n);
      while (!over.signal.aborted && !(await onAnswer(await post(agent, url, body), n)));
    }
  };
  await Promise.all(Array.from({ length: connections }, sender));
}

/** The number alone. */
export function smallBody(n: number): Uint8Array[] {
  return [Buffer.from(String(n))];
}

export function isAccepted(status: number): boolean {
  return status >= 200 && status < 300;
}

function post(agent: Agent, url: string, body: readonly Uint8Array[]): Promise<Answer> {
  return new Promise((resolve) => {
    const none: Answer = { status: 0, retryAfter: undefined };
    const length = body.reduce((sum, part) => sum + part.length, 0);
    const options = {
      agent,
      method: 'POST',
      timeout: TIMEOUT_MS,
      headers: { 'content-length': length },
    };
    const call = request(url, options, (response) => {
      const { statusCode: status = 0, headers } = response;
      response.resume();
      response.on('end', () => resolve({ status, retryAfter: headers['retry-after'] }));
      response.on('error', () => resolve(none));
    });
    call.on('timeout', () => call.destroy(new Error(`no answer within ${TIMEOUT_MS} ms`)));
    call.on('error', () => resolve(none));
    for (const part of body) call.write(part);
    call.end();
  });
}
