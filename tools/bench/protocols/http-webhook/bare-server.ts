// node bare-server.ts: what fastify does by itself with a webhook: it reads the body and answers 202.
import fastify from 'fastify';

const app = fastify();
app.removeAllContentTypeParsers();
app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
app.post('*', (_request, reply) => reply.code(202).send());
const address = await app.listen({ host: '127.0.0.1', port: 0 });
process.send?.({ port: Number(new URL(address).port) });
