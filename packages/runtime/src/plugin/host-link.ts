import { type Client, createClient } from '@connectrpc/connect';
import type { Broker } from '@vrsky/go-plugin';
import type { Identity } from '../contract/message.ts';
import { PluginError } from '../contract/plugin-error.ts';
import { HostFunctions } from '../gen/vrsky/connector/v1/host_functions_pb.ts';

/** What is known of the host; nothing, as long as none is attached. */
export type AttachedHost = Pick<HostLink, 'identity' | 'functions'>;

/** The way to the host's functions: open from AttachHost to the end of the process. */
export class HostLink {
  readonly #broker: Broker;
  #attached = false;
  #identity: Identity | undefined;
  #functions: Client<typeof HostFunctions> | undefined;

  constructor(broker: Broker) {
    this.#broker = broker;
  }

  /** Whose connection this process serves, if the host has named it. */
  get identity(): Identity | undefined {
    return this.#identity;
  }

  /** Undefined without a host: a connector works without one, too. */
  get functions(): Client<typeof HostFunctions> | undefined {
    return this.#functions;
  }

  /** Dials the host's functions; called once per process. */
  async attach(
    brokerId: number,
    identity: Identity | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    if (this.#attached) {
      const text = 'AttachHost was called before: a process serves one host';
      throw new PluginError('INVALID_STATE', text);
    }
    this.#attached = true;
    try {
      const { transport } = await this.#broker.dial(brokerId, { signal });
      this.#functions = createClient(HostFunctions, transport);
      this.#identity = identity;
    } catch (error) {
      this.#attached = false;
      const text = `the host's functions cannot be reached at broker id ${brokerId}`;
      throw new PluginError('CONNECTION_FAILED', text, { cause: error });
    }
  }
}
