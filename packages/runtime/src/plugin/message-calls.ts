import type { ServerHttp2Stream } from 'node:http2';
import type { Message, SendReceipt } from '../contract/message.ts';
import { PluginError } from '../contract/plugin-error.ts';
import type { Delivery, Settlement } from '../contract/settlement.ts';
import type {
  ReceiveStreamRequest,
  ReceiveStreamResponse,
  SendItem,
  SendStreamResponse,
} from '../contract/streams.ts';
import type { Caller } from './caller.ts';
import { DeliveryStream } from './delivery/delivery-stream.ts';
import type { HostLink } from './host-link.ts';
import { checkIdentity } from './identity.ts';
import type { Lifecycle } from './lifecycle.ts';
import { receiveWithAck, receiveWithoutAck } from './receive.ts';
import { SendSession } from './send-session.ts';
import type { StreamSession } from './stream-session.ts';

/**
 * The five calls that messages travel by, in the contract's terms: how they are encoded, and how their
 * failures become a status, is the business of the route by which they came. All of them may throw.
 */
export interface MessageCalls {
  send(message: Message, caller: Caller): Promise<SendReceipt>;
  /** @param stream of the call, whose end tells what became of the answer */
  receive(explicitAck: boolean, stream: ServerHttp2Stream, caller: Caller): Promise<Delivery>;
  /** Gives the ids that hit nothing. */
  acknowledge(settlements: readonly Settlement[]): Promise<string[]>;
  openSendStream(): StreamSession<readonly SendItem[], SendStreamResponse>;
  openReceiveStream(): StreamSession<ReceiveStreamRequest, ReceiveStreamResponse>;
}

export function createMessageCalls(
  lifecycle: Lifecycle,
  link: HostLink,
  toPluginError: (thrown: unknown) => PluginError,
): MessageCalls {
  const check = (message: Message): void => {
    if (!message.id) {
      throw new PluginError('INVALID_MESSAGE', 'the message has no id', { field: 'message.id' });
    }
    checkIdentity(message, link.identity);
  };
  return {
    send(message, caller) {
      const { outbox } = lifecycle;
      check(message);
      return outbox.send(message, caller);
    },
    receive(explicitAck, stream, caller) {
      const receive = explicitAck ? receiveWithAck : receiveWithoutAck;
      return receive(lifecycle, stream, caller);
    },
    async acknowledge(settlements) {
      const { settling } = lifecycle;
      const known = await Promise.all(settlements.map(async (one) => settling.settle(one)));
      return settlements.filter((_, i) => !known[i]).map(({ deliveryId }) => deliveryId);
    },
    openSendStream: () => new SendSession({ outbox: lifecycle.outbox, check, toPluginError }),
    openReceiveStream: () => new DeliveryStream(lifecycle.deliveries),
  };
}
