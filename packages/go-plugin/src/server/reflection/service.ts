import { fromBinary, toBinary } from '@bufbuild/protobuf';
import type { ConnectRouter } from '@connectrpc/connect';
import {
  ServerReflectionRequestSchema as RequestSchema,
  ServerReflectionResponseSchema as ResponseSchema,
  ServerReflection,
} from '../../gen/grpc/reflection/v1/reflection_pb.ts';
import {
  ServerReflectionRequestSchema as AlphaRequestSchema,
  ServerReflectionResponseSchema as AlphaResponseSchema,
  ServerReflection as AlphaServerReflection,
} from '../../gen/grpc/reflection/v1alpha/reflection_pb.ts';
import { createAnswers } from './answers.ts';
import { type Descriptors, describeServices } from './descriptors.ts';

/** Lets tools such as grpcurl ask what the server offers. To be called when all other services are registered. */
export function registerReflection(router: ConnectRouter): void {
  let known: Descriptors | undefined; // found out for the first who asks
  const descriptors = (): Descriptors =>
    (known ??= describeServices([...new Set(router.handlers.map(({ service }) => service))]));

  router.service(ServerReflection, {
    async *serverReflectionInfo(requests) {
      const answer = createAnswers(descriptors());
      for await (const request of requests) yield answer(request);
    },
  });
  // The two versions differ in the name of their package only: on the wire their messages are the same.
  router.service(AlphaServerReflection, {
    async *serverReflectionInfo(requests) {
      const answer = createAnswers(descriptors());
      for await (const request of requests) {
        const same = fromBinary(RequestSchema, toBinary(AlphaRequestSchema, request));
        yield fromBinary(AlphaResponseSchema, toBinary(ResponseSchema, answer(same)));
      }
    },
  });
}
