import { type ConnectionConfig, type Health, timeoutMs } from '@vrsky/runtime';
import { type ConnectorHost, type Probe, type Source, withDeadline } from '@vrsky/runtime/plugin';
import { Aftermath } from './incoming/aftermath.ts';
import { unclaim } from './incoming/claim.ts';
import { Delivered } from './incoming/delivered.ts';
import { type FoundFile, messageId } from './incoming/found-file.ts';
import type { FileInHand, FilePart } from './incoming/in-hand.ts';
import { IncomingFiles } from './incoming/incoming-files.ts';
import { createPlan, type Plan } from './incoming/plan.ts';
import { Poller } from './incoming/poller.ts';
import { putAway } from './incoming/put-away.ts';
import type { IncomingSettings } from './incoming/settings.ts';
import { type SurveyOptions, survey } from './incoming/survey.ts';
import { incomingWarnings } from './incoming/warnings.ts';
import { Window } from './incoming/window.ts';
import { ensureDirectory } from './remote/directories.ts';
import { HealthCheck } from './remote/health-check.ts';
import { createOpener } from './remote/open.ts';
import { Pool } from './remote/pool.ts';
import { createProbe } from './remote/probe.ts';
import { type Server, serverOf, serverWarnings } from './remote/server.ts';

/** Longest time to put a file away while the host waits for the answer to its ack. */
const PUT_AWAY_MS = 10_000;
/** Time to give claims back when the drain is over. */
const UNCLAIM_MS = 1000;

/** Takes files in as messages, and puts each away when its message is settled. */
export class FtpSource implements Source<FilePart> {
  readonly ackTimeoutMs: number;
  readonly #config: ConnectionConfig<IncomingSettings>;
  readonly #host: ConnectorHost;
  readonly #server: Server;
  readonly #plan: Plan;
  readonly #pool: Pool;
  readonly #healthCheck: HealthCheck;
  readonly #aftermath: Aftermath;
  readonly #delivered: Delivered;
  readonly #window: Window;
  /** Ids of files that are too large and stay where they are. */
  #leftAlone = new Set<string>();
  #root = '';
  #survey: SurveyOptions | undefined;
  #poller: Poller | undefined;
  #files: IncomingFiles | undefined;

  constructor(config: ConnectionConfig<IncomingSettings>, host: ConnectorHost) {
    const { ackTimeoutMs, maxUnacked, maxConnections, keepAliveSeconds } = config.settings;
    this.#config = config;
    this.#host = host;
    this.ackTimeoutMs = ackTimeoutMs;
    this.#server = serverOf(config, host.log);
    this.#plan = createPlan(config, this.#server);
    const open = createOpener(this.#server);
    this.#pool = new Pool(open, { maxConnections, keepAliveMs: keepAliveSeconds * 1000 });
    this.#healthCheck = new HealthCheck(open, timeoutMs(config));
    this.#aftermath = new Aftermath(Math.min(PUT_AWAY_MS, timeoutMs(config)), host.log);
    this.#delivered = new Delivered(host);
    this.#window = new Window(maxUnacked);
  }

  get probe(): Probe {
    return createProbe(this.#server, this.#config.settings.missingDirectory !== 'error');
  }

  validate(signal: AbortSignal): Promise<string[]> {
    return incomingWarnings(this.#config.settings, this.#server, this.#host, signal);
  }

  async start(signal: AbortSignal): Promise<void> {
    const { missingDirectory, afterProcess } = this.#config.settings;
    for (const warning of serverWarnings(this.#server)) this.#host.log.warn(warning);
    try {
      await this.#pool.use(signal, async (remote) => {
        this.#root = remote.root;
        if (missingDirectory === 'create') await ensureDirectory(remote, remote.root, signal);
        if (missingDirectory !== 'wait') await remote.check(remote.root, signal);
      });
      if (afterProcess === 'none') await this.#delivered.load(signal);
    } catch (error) {
      await this.#pool.close();
      throw error;
    }
    const options = this.#plan.survey(this.#root);
    this.#survey = options;
    const memory = {
      knows: (file: FoundFile): boolean => this.#knows(messageId(this.#server, file)),
      listed: (files: readonly FoundFile[]): void => this.#listed(files),
    };
    this.#poller = new Poller(this.#pool, options, memory, this.#host.log);
    this.#files = new IncomingFiles(this.#server, this.#pool, this.#poller, options, (hand) =>
      this.#refuse(hand),
    );
  }

  async next(signal: AbortSignal): Promise<FilePart> {
    if (!this.#files) throw new Error('the source was not started');
    await this.#window.room(signal);
    const part = await this.#files.next(signal);
    this.#window.opened();
    return part;
  }

  ack({ hand }: FilePart): Promise<void> {
    return this.#settle(hand);
  }

  nack({ hand }: FilePart, kind: 'reject' | 'release'): Promise<void> {
    if (kind === 'reject') hand.isRejected = true;
    else hand.isReleased = true;
    return this.#settle(hand);
  }

  async health(signal: AbortSignal): Promise<Health> {
    await this.#healthCheck.check(signal);
    const { streak, sinceLookMs } = this.#poller ?? {};
    streak?.check();
    const failures = streak?.length ?? 0;
    const error = failures > 0 ? streak?.lastError : this.#aftermath.lastError;
    const isDegraded = failures > 0 || this.#aftermath.pending > 0 || this.#leftAlone.size > 0;
    return {
      status: isDegraded ? 'degraded' : 'ok',
      details: {
        directory: this.#root,
        unacked: String(this.#window.size),
        pendingPostActions: String(this.#aftermath.pending),
        failuresInRow: String(failures),
        leftAlone: String(this.#leftAlone.size),
        poolSize: String(this.#pool.limit),
        ...(sinceLookMs !== undefined && { sinceLookMs: String(Math.round(sinceLookMs)) }),
        ...(isDegraded && error && { lastError: error }),
      },
    };
  }

  async stop(signal: AbortSignal): Promise<void> {
    await this.#window.drained(this.#config.settings.drainTimeoutMs, signal);
    await this.#aftermath.close(signal);
    const hands = [...(this.#files?.hands.values() ?? [])];
    for (const { download } of hands) await download?.cancel();
    if (this.#survey && this.#config.settings.claim === 'rename') await this.#unclaim(this.#survey);
    await Promise.all([this.#healthCheck.close(), this.#pool.close()]);
  }

  #knows(id: string): boolean {
    const isInHand = this.#files?.hands.has(id) === true;
    return isInHand || this.#delivered.has(id) || this.#leftAlone.has(id);
  }

  /** What is not there any more need not be remembered. */
  #listed(files: readonly FoundFile[]): void {
    const ids = new Set(files.map((file) => messageId(this.#server, file)));
    this.#delivered.keepOnly(ids);
    this.#leftAlone = this.#leftAlone.intersection(ids);
  }

  async #settle(hand: FileInHand): Promise<void> {
    hand.unsettled -= 1;
    this.#window.closed();
    if (hand.isSettled) await this.#putAway(hand);
  }

  /** A file that is too large goes to those that failed, or stays and is left alone. */
  async #refuse(hand: FileInHand): Promise<void> {
    if (this.#config.settings.largeFile === 'quarantine') {
      hand.isRejected = true;
      await this.#putAway(hand);
    } else {
      this.#leftAlone.add(hand.id);
      this.#files?.hands.delete(hand.id);
    }
  }

  async #putAway(hand: FileInHand): Promise<void> {
    const { file, id, isRejected } = hand;
    const end = this.#plan.end(this.#root, file, isRejected);
    await this.#aftermath.settle({
      path: file.path,
      run: async (signal) => {
        if (end.kind === 'keep') await this.#delivered.add(id, signal);
        const isInPlace = end.kind === 'keep' && file.where === file.path;
        if (!isInPlace)
          await this.#pool.use(signal, (remote) => putAway(remote, file, end, signal));
      },
      done: () => this.#files?.hands.delete(id),
    });
  }

  /** Gives back what was not settled, so that others need not wait until the claim is too old. */
  async #unclaim(options: SurveyOptions): Promise<void> {
    const late = (): Error =>
      new Error('there was no time to undo claims; the next start finds them');
    await withDeadline(UNCLAIM_MS, [], late, (signal) =>
      this.#pool.use(signal, async (remote) => {
        const { ownClaims } = await survey(remote, options, signal);
        for (const file of ownClaims) await unclaim(remote, file, signal);
      }),
    ).catch((err: unknown) => this.#host.log.warn({ err }, 'claims could not be undone'));
  }
}
