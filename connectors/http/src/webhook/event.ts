import type { Incoming, Room } from '@vrsky/runtime/plugin';
import type { FastifyReply } from 'fastify';
import type { Route } from './routes.ts';

/** An event that waits to be settled, with whoever waits for the answer to it. */
export interface WebhookEvent extends Incoming {
  readonly route: Route;
  /** By which it is known when it is sent again; undefined = its sender gives it no id. */
  readonly key: string | undefined;
  readonly room: Room;
  /** The places of those who came later to wait for the same answer. */
  readonly joined: Room[];
  /** More than one when it was sent again before it was settled; none when they are answered. */
  replies: FastifyReply[];
}
