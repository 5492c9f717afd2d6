import type { SendReceipt } from '../../contract/message.ts';
import { PluginError } from '../../contract/plugin-error.ts';
import type { SendResult } from '../../contract/streams.ts';
import { NO_BYTES, readEntry, writeHeaders } from './message.ts';
import type { Read } from './reader.ts';
import { millisecondsOf, newTime, readTime, type TimeDraft, writeMilliseconds } from './time.ts';
import type { Write } from './writer.ts';

export interface ReceiptDraft {
  messageId: string;
  readonly headers: Record<string, string>;
  payload: Uint8Array;
}

interface ErrorDraft {
  code: string;
  message: string;
  recoverable: boolean;
  retryAfter: TimeDraft | undefined;
  reason: string;
  field: string;
}

/** At most one of the two is there. */
export interface ResultDraft {
  seq: bigint;
  receipt: ReceiptDraft | undefined;
  error: ErrorDraft | undefined;
}

export function newResult(): ResultDraft {
  return { seq: 0n, receipt: undefined, error: undefined };
}

export function newReceipt(): ReceiptDraft {
  return { messageId: '', headers: {}, payload: NO_BYTES };
}

export function resultOf({ seq, receipt, error }: ResultDraft): SendResult {
  return { seq, outcome: receipt ?? (error && errorOf(error)) };
}

export const readResult: Read<ResultDraft> = (reader, draft) => {
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    switch (tag) {
      case 8:
        draft.seq = reader.bigUint64();
        break;
      case 18:
        draft.error = undefined;
        reader.nested(readReceipt, (draft.receipt ??= newReceipt()));
        break;
      case 26:
        draft.receipt = undefined;
        reader.nested(readError, (draft.error ??= newError()));
        break;
      default:
        reader.skip(tag);
    }
  }
};

export const readReceipt: Read<ReceiptDraft> = (reader, draft) => {
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === 10) draft.messageId = reader.string();
    else if (tag === 18) reader.nested(readEntry, draft.headers);
    else if (tag === 26) draft.payload = reader.bytes();
    else reader.skip(tag);
  }
};

export const writeResult: Write<SendResult> = (writer, { seq, outcome }) => {
  writer.bigUint64(1, seq);
  if (outcome instanceof PluginError) writer.nested(3, outcome, writeError);
  else if (outcome) writer.nested(2, outcome, writeReceipt);
};

export const writeReceipt: Write<SendReceipt> = (writer, { messageId, headers, payload }) => {
  writer.string(1, messageId);
  writeHeaders(writer, 2, headers);
  writer.bytes(3, payload);
};

function newError(): ErrorDraft {
  return {
    code: '',
    message: '',
    recoverable: false,
    retryAfter: undefined,
    reason: '',
    field: '',
  };
}

function errorOf({ code, message, retryAfter, ...options }: ErrorDraft): PluginError {
  const retryAfterMs = retryAfter && millisecondsOf(retryAfter);
  return new PluginError(code, message, {
    ...options,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
}

const readError: Read<ErrorDraft> = (reader, draft) => {
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    switch (tag) {
      case 10:
        draft.code = reader.string();
        break;
      case 18:
        draft.message = reader.string();
        break;
      case 24:
        draft.recoverable = reader.bool();
        break;
      case 34:
        reader.nested(readTime, (draft.retryAfter ??= newTime()));
        break;
      case 42:
        draft.reason = reader.string();
        break;
      case 50:
        draft.field = reader.string();
        break;
      default:
        reader.skip(tag);
    }
  }
};

const writeError: Write<PluginError> = (writer, error) => {
  writer.string(1, error.code);
  writer.string(2, error.rawMessage);
  writer.bool(3, error.recoverable);
  if (error.retryAfterMs !== undefined) writer.nested(4, error.retryAfterMs, writeMilliseconds);
  writer.string(5, error.reason);
  writer.string(6, error.field);
};
