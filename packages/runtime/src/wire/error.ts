import { create } from '@bufbuild/protobuf';
import { Code, ConnectError } from '@connectrpc/connect';
import { PluginError } from '../contract/plugin-error.ts';
import {
  PluginErrorSchema,
  type PluginError as WireError,
} from '../gen/vrsky/connector/v1/error_pb.ts';
import { millisecondsFromWire, millisecondsToWire } from './time.ts';

export function errorToWire(error: PluginError): WireError {
  const wire = create(PluginErrorSchema, {
    code: error.code,
    message: error.rawMessage,
    recoverable: error.recoverable,
    reason: error.reason,
    field: error.field,
  });
  if (error.retryAfterMs !== undefined) wire.retryAfter = millisecondsToWire(error.retryAfterMs);
  return wire;
}

export function errorFromWire(wire: WireError, cause?: unknown): PluginError {
  const retryAfterMs = millisecondsFromWire(wire.retryAfter);
  return new PluginError(wire.code, wire.message, {
    recoverable: wire.recoverable,
    reason: wire.reason,
    field: wire.field,
    cause,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
}

/** A PluginError as the gRPC status that both sides understand. */
export function statusFromError(error: PluginError): ConnectError {
  return new ConnectError(
    error.message,
    statusCode(error),
    undefined,
    [{ desc: PluginErrorSchema, value: errorToWire(error) }],
    error.cause,
  );
}

function statusCode(error: PluginError): Code {
  if (error.code === 'INVALID_CONFIG') return Code.InvalidArgument;
  return error.recoverable ? Code.Unavailable : Code.FailedPrecondition;
}

/**
 * What a failed call means to its caller. A status without our detail is a transport error: a
 * cancellation stays an `AbortError` and a deadline a `TimeoutError`.
 */
export function errorFromStatus(thrown: unknown): Error {
  const status = ConnectError.from(thrown);
  const [detail] = status.findDetails(PluginErrorSchema);
  if (detail) return errorFromWire(detail, thrown);
  const text = status.rawMessage;
  switch (status.code) {
    case Code.Canceled:
      return new DOMException(`call cancelled: ${text}`, 'AbortError');
    case Code.DeadlineExceeded:
      return new DOMException(`deadline exceeded: ${text}`, 'TimeoutError');
    case Code.ResourceExhausted:
      // By gRPC's table also a reset for too many calls, which is no fault of the message.
      return new PluginError(
        text.includes('ENHANCE_YOUR_CALM') ? 'INTERNAL' : 'PAYLOAD_TOO_LARGE',
        text,
        { cause: thrown },
      );
    case Code.Unimplemented:
      return new PluginError('UNSUPPORTED', text, { cause: thrown });
    case Code.Unavailable:
    case Code.Aborted: // a connection that was reset in the middle of a call
      return new PluginError('CONNECTION_FAILED', text, { cause: thrown });
    default:
      return new PluginError('INTERNAL', text, { cause: thrown });
  }
}
