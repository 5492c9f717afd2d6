import { collectGarbage } from '../../contract/garbage.ts';

/** Smaller ones come with so many objects that V8 collects often enough by itself. */
const LARGE_BYTES = 256 * 1024;
const COLLECT_EACH_BYTES = 8 * 1024 * 1024;

let since = 0;

/**
 * Memory for one message. Buffers lie outside V8's heap and are freed with the small objects that stand
 * for them. Of large ones V8 sees no reason for a short collection, and makes long ones instead as soon
 * as the memory outside adds up: at payloads of 64 KiB that was four fifths of the processor time. So
 * a short one is asked for after some of them. Not for one that is larger than these together: it would
 * live through the next two short ones while it fills up, and V8 makes a long one for what did.
 */
export function bufferFor(bytes: number): Buffer {
  if (bytes >= LARGE_BYTES && bytes < COLLECT_EACH_BYTES) {
    since += bytes;
    if (since >= COLLECT_EACH_BYTES) {
      since = 0;
      collectGarbage('minor');
    }
  }
  return Buffer.allocUnsafe(bytes);
}
