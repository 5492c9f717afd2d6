import { create } from '@bufbuild/protobuf';
import type { Client } from '@connectrpc/connect';
import { sizeOf } from '../contract/message-size.ts';
import { PluginError } from '../contract/plugin-error.ts';
import type { Settlement } from '../contract/settlement.ts';
import {
  type ReceiveStreamRequest,
  ReceiveStreamRequestSchema,
  type ConnectionNode as Service,
} from '../gen/vrsky/connector/v1/connection_node_pb.ts';
import { errorFromStatus } from '../wire/error.ts';
import { takeFrame } from '../wire/frame.ts';
import { deliveryFromWire, settlementToWire } from '../wire/settlement.ts';
import type { CallOptions, DeliveryFrame, ReceiveStream } from './connection-node.ts';

/** Opens a ReceiveStream; whether the connector has one shows in the first step of its frames. */
export function openReceiveStream(
  rpc: Client<typeof Service>,
  { signal }: CallOptions,
): ReceiveStream {
  const requests = new Requests();
  const left = new AbortController();
  const responses = rpc.receiveStream(requests.all(), {
    signal: signal ? AbortSignal.any([signal, left.signal]) : left.signal,
  });
  return {
    grant: (messages, bytes) => requests.grant(messages, bytes),
    settle: (settlements) => requests.settle(settlements),
    halfClose: () => requests.end(),
    frames: framesOf(responses, requests, left),
  };
}

/** Whoever leaves them early breaks the stream, for nobody would see what it still brings. */
async function* framesOf(
  responses: ReturnType<Client<typeof Service>['receiveStream']>,
  requests: Requests,
  left: AbortController,
): AsyncGenerator<DeliveryFrame> {
  try {
    for await (const { deliveries, unknownDeliveryIds } of responses) {
      yield { deliveries: deliveries.map(deliveryFromWire), unknownDeliveryIds };
    }
  } catch (error) {
    throw errorFromStatus(error);
  } finally {
    requests.end();
    left.abort();
  }
}

/** What is to be told to the connector: whatever has come together travels as one frame. */
class Requests {
  #credit = { messages: 0, bytes: 0 };
  readonly #settlements: Settlement[] = [];
  #ended = false;
  #changed = Promise.withResolvers<void>();

  grant(messages: number, bytes: number): void {
    this.#credit.messages += messages;
    this.#credit.bytes += bytes;
    this.#change();
  }

  settle(settlements: readonly Settlement[]): void {
    if (this.#ended) {
      const text = 'the stream is half-closed: settle by Acknowledge';
      throw new PluginError('INVALID_STATE', text);
    }
    this.#settlements.push(...settlements);
    this.#change();
  }

  end(): void {
    this.#ended = true;
    this.#change();
  }

  async *all(): AsyncGenerator<ReceiveStreamRequest> {
    for (;;) {
      const credit = this.#credit;
      const settlements = takeFrame(this.#settlements, sizeOfReply);
      if (credit.messages > 0 || credit.bytes > 0 || settlements.length > 0) {
        this.#credit = { messages: 0, bytes: 0 };
        yield create(ReceiveStreamRequestSchema, {
          credit: { messages: credit.messages, bytes: BigInt(credit.bytes) },
          settlements: settlements.map(settlementToWire),
        });
      } else if (this.#ended) return;
      else await this.#changed.promise;
    }
  }

  #change(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}

function sizeOfReply(settlement: Settlement): number {
  const reply = settlement.outcome === 'ack' ? settlement.reply : undefined;
  return reply ? sizeOf(reply) : 0;
}
