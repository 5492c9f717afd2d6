import { create, type DescFile, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { Code } from '@connectrpc/connect';
import {
  type ServerReflectionRequest as Request,
  type ServerReflectionResponse as Response,
  ServerReflectionResponseSchema as ResponseSchema,
} from '../../gen/grpc/reflection/v1/reflection_pb.ts';
import { type Descriptors, withImports } from './descriptors.ts';

type Answer = NonNullable<MessageInitShape<typeof ResponseSchema>['messageResponse']>;

/** Answers the requests of one stream. What was sent on it is not sent again, except for the file that is asked for. */
export function createAnswers(descriptors: Descriptors): (request: Request) => Response {
  const { services, files, symbols, extensions } = descriptors;
  const sent = new Set<DescFile>();

  const fileAnswer = (file: DescFile | undefined, subject: string): Answer => {
    if (!file) return failure(Code.NotFound, `not found: ${subject}`);
    const wanted = withImports(file).filter((other) => other === file || !sent.has(other));
    for (const each of wanted) sent.add(each);
    const fileDescriptorProto = wanted.map(({ proto }) =>
      toBinary(FileDescriptorProtoSchema, proto),
    );
    return { case: 'fileDescriptorResponse', value: { fileDescriptorProto } };
  };

  const answer = ({ messageRequest: { case: kind, value } }: Request): Answer => {
    switch (kind) {
      case 'listServices': {
        const service = services.map(({ typeName }) => ({ name: typeName }));
        return { case: 'listServicesResponse', value: { service } };
      }
      case 'fileByFilename':
        return fileAnswer(files.get(value), value);
      case 'fileContainingSymbol':
        return fileAnswer(symbols.get(value), value);
      case 'fileContainingExtension': {
        const { containingType, extensionNumber } = value;
        const extension = extensions.find(
          ({ extendee, number }) =>
            extendee.typeName === containingType && number === extensionNumber,
        );
        return fileAnswer(extension?.file, `extension ${extensionNumber} of ${containingType}`);
      }
      case 'allExtensionNumbersOfType': {
        if (!symbols.has(value)) return failure(Code.NotFound, `not found: ${value}`);
        const own = extensions.filter(({ extendee }) => extendee.typeName === value);
        const extensionNumber = own.map(({ number }) => number);
        return {
          case: 'allExtensionNumbersResponse',
          value: { baseTypeName: value, extensionNumber },
        };
      }
      case undefined:
        return failure(Code.InvalidArgument, 'the request asks for nothing that is known here');
    }
  };

  return (request) =>
    create(ResponseSchema, {
      validHost: request.host,
      originalRequest: request,
      messageResponse: answer(request),
    });
}

function failure(errorCode: Code, errorMessage: string): Answer {
  return { case: 'errorResponse', value: { errorCode, errorMessage } };
}
