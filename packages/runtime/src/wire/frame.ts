/** Limits of one frame of SendStream and ReceiveStream; a single larger message has a frame of its own. */
export const MAX_FRAME_MESSAGES = 256;
export const MAX_FRAME_BYTES: number = 1024 * 1024;

/** Takes from the head of the queue what fits into one frame, and at least one item if `most` allows. */
export function takeFrame<T>(
  queue: T[],
  sizeOf: (item: T) => number,
  most: number = MAX_FRAME_MESSAGES,
): T[] {
  const limit = Math.min(most, MAX_FRAME_MESSAGES);
  let bytes = 0;
  let count = 0;
  for (const item of queue) {
    bytes += sizeOf(item);
    if (count === limit || (count > 0 && bytes > MAX_FRAME_BYTES)) break;
    count += 1;
  }
  return queue.splice(0, count);
}
