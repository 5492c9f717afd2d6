import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Sent {
  /** Requests answered 2xx so far. */
  accepted: number;
  /** Requests answered otherwise, or not at all. */
  refused: number;
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
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const sent = { accepted: 0, refused: 0 };
  let next = 0;
  const sender = async (): Promise<void> => {
    for (let n = next++; n < count; n = next++) {
      while (!(await isAccepted(agent, url, String(n)))) {
        sent.refused += 1;
        await sleep(50); // the pause of a sender between two tries
      }
      sent.accepted += 1;
      onAccepted(sent);
    }
  };
  await Promise.all(Array.from({ length: connections }, sender));
  agent.destroy();
  return sent;
}

function isAccepted(agent: Agent, url: string, body: string): Promise<boolean> {
  return new Promise((resolve) => {
    const post = request(url, { agent, method: 'POST', timeout: 30_000 }, (response) => {
      response.resume();
      response.on('end', () => resolve((response.statusCode ?? 0) < 300));
      response.on('error', () => resolve(false));
    });
    post.on('timeout', () => post.destroy(new Error('no answer within 30 s')));
    post.on('error', () => resolve(false));
    post.end(body);
  });
}
