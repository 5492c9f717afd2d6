import { type Seen, serveRecorder, startRest } from './rest.ts';

export const credentials = { oauth2_client_id: 'shop', oauth2_client_secret: 'se:cret' };

/** A token endpoint. */
export interface TokenServer {
  readonly tokenUrl: string;
  readonly calls: Seen[];
  /** How it answers from now on; the default gives token-1, token-2, … */
  answer: Answer;
}
export type Answer = (count: number) => {
  status?: number;
  body: object | string;
  headers?: object;
};

export const goodToken: Answer = (count) => ({
  body: { access_token: `token-${count}`, token_type: 'Bearer', expires_in: 3600 },
});

export async function serveTokens(answer: Answer = goodToken): Promise<TokenServer> {
  const server = { answer };
  const { url, seen } = await serveRecorder((response) => {
    const { status = 200, body, headers } = server.answer(seen.length);
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  return Object.assign(server, { tokenUrl: `${url}/token?x=1`, calls: seen });
}

/** Takes only requests with the token that is valid now. */
export async function serveApi(): Promise<{ url: string; valid: string; tokens: unknown[] }> {
  const api = { url: '', valid: 'token-1', tokens: [] as unknown[] };
  const { url } = await serveRecorder((response, { headers }) => {
    api.tokens.push(headers.authorization);
    response.writeHead(headers.authorization === `Bearer ${api.valid}` ? 200 : 401).end();
  });
  return Object.assign(api, { url });
}

/** A started destination that gets its tokens there. */
export function startOAuth2(url: string, tokenUrl: string, oauth2: object = {}, more: object = {}) {
  const settings = { url, probe: true, auth: { oauth2: { tokenUrl, ...oauth2 } }, ...more };
  return startRest(settings, { credentials });
}
