import { Code, ConnectError } from '@connectrpc/connect';
import type { BrokerEnd } from '../broker/broker.ts';
import {
  Health,
  HealthCheckResponse_ServingStatus as Status,
} from '../gen/grpc/health/v1/health_pb.ts';
import { GRPCBroker } from '../gen/plugin/grpc_broker_pb.ts';
import { GRPCController } from '../gen/plugin/grpc_controller_pb.ts';
import { StdioData_Channel as Channel, GRPCStdio } from '../gen/plugin/grpc_stdio_pb.ts';
import type { Routes } from '../grpc/context.ts';
import type { Prints } from './prints.ts';

export interface CoreServices {
  readonly brokerEnd: BrokerEnd;
  readonly prints: Prints;
  /** Begins the end of the process; must not wait for it, the answer has to leave first. */
  readonly shutdown: () => void;
  /** Aborted when the process stops, to end the streams that have no end of their own. */
  readonly stopping: AbortSignal;
}

/** What every go-plugin plugin serves next to the services of the application. */
export function coreRoutes(core: CoreServices): Routes {
  return (router) => {
    health(core)(router);
    broker(core)(router);
    router.service(GRPCController, {
      shutdown: () => {
        core.shutdown();
        return {};
      },
    });
    router.service(GRPCStdio, {
      async *streamStdio(_request, context) {
        for await (const { channel, data } of core.prints.read(context.signal)) {
          yield { channel: channel === 'stdout' ? Channel.STDOUT : Channel.STDERR, data };
        }
      },
    });
  };
}

/** What hosts ask for, and the server as a whole. */
const servedNames = ['plugin', ''];

function health({ stopping }: CoreServices): Routes {
  return (router) =>
    router.service(Health, {
      check: ({ service }) => {
        if (isServed(service)) return { status: Status.SERVING };
        throw new ConnectError('unknown service', Code.NotFound);
      },
      list: () => ({
        statuses: Object.fromEntries(servedNames.map((name) => [name, { status: Status.SERVING }])),
      }),
      async *watch({ service }, context) {
        yield { status: isServed(service) ? Status.SERVING : Status.SERVICE_UNKNOWN };
        await aborted(AbortSignal.any([context.signal, stopping]));
      },
    });
}

function isServed(service: string): boolean {
  return servedNames.includes(service);
}

function broker({ brokerEnd }: CoreServices): Routes {
  let open = false;
  return (router) =>
    router.service(GRPCBroker, {
      async *startStream(incoming, context) {
        if (open) {
          throw new ConnectError('the broker has its one stream already', Code.FailedPrecondition);
        }
        open = true;
        // On the signal too: a reset while the stream pushes back resumes neither of the two loops.
        context.signal.addEventListener('abort', () => void brokerEnd.close(), { once: true });
        void brokerEnd.consume(incoming);
        yield* brokerEnd.outgoing;
      },
    });
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
