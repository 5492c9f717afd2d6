import type { Intake, Room } from '@vrsky/runtime/plugin';
import type { FastifyReply } from 'fastify';

/** A body that takes longer gives way when there is no room for somebody else. */
const PATIENCE_MS = 500;

interface Entering {
  readonly room: Room;
  readonly since: number;
}

/**
 * Those whose bodies are on their way. Room for each is taken before its body is read, so that
 * everything held is counted; slow ones hold their room only as long as nobody else needs it.
 */
export class Door {
  readonly #intake: Pick<Intake<never>, 'reserve'>;
  readonly #pushBack: (reply: FastifyReply) => void;
  /** The oldest first. */
  readonly #entering = new Map<FastifyReply, Entering>();

  /** @param pushBack answers one that has to give way */
  constructor(intake: Pick<Intake<never>, 'reserve'>, pushBack: (reply: FastifyReply) => void) {
    this.#intake = intake;
    this.#pushBack = pushBack;
  }

  /** Whether somebody without a body would be let in now. */
  get hasRoom(): boolean {
    const room = this.#intake.reserve(0);
    room?.release();
    return room !== undefined;
  }

  /** Lets somebody in whose body may have as many bytes. false = there is no room. */
  open(reply: FastifyReply, bytes: number): boolean {
    const since = performance.now();
    let room = this.#intake.reserve(bytes);
    while (!room && this.#evictSlowest(since)) room = this.#intake.reserve(bytes);
    if (!room) return false;
    this.#entering.set(reply, { room, since });
    // Ends the reading of a body that never comes, is too large, or is refused on the way.
    reply.raw.once('close', () => this.#leave(reply));
    return true;
  }

  /** The body is complete: gives the room reserved for it. undefined = it was refused meanwhile. */
  enter(reply: FastifyReply): Room | undefined {
    if (reply.sent) return undefined;
    const entering = this.#entering.get(reply);
    this.#entering.delete(reply);
    return entering?.room;
  }

  /** Nobody else may come in, not even who stands in the door. */
  close(): void {
    for (const reply of this.#entering.keys()) this.#turnAway(reply);
  }

  #evictSlowest(now: number): boolean {
    const { value: slowest } = this.#entering.entries().next();
    if (!slowest || now - slowest[1].since < PATIENCE_MS) return false;
    this.#turnAway(slowest[0]);
    return true;
  }

  #turnAway(reply: FastifyReply): void {
    this.#leave(reply);
    if (!reply.sent) this.#pushBack(reply);
  }

  #leave(reply: FastifyReply): void {
    const entering = this.#entering.get(reply);
    if (!entering) return;
    this.#entering.delete(reply);
    entering.room.release();
  }
}
