const HEADER_BYTES = 5;
const LENGTH_AT = 1;

/** Counts the gRPC frames that end in each chunk of a stream, from their lengths alone. */
export function frameCounter(): (chunk: Buffer) => number {
  let length = 0;
  let headerLeft = HEADER_BYTES;
  let bodyLeft = 0;
  return (chunk) => {
    let frames = 0;
    for (let at = 0; at < chunk.length; ) {
      if (headerLeft > 0) {
        const position = HEADER_BYTES - headerLeft;
        if (position >= LENGTH_AT) length = length * 256 + (chunk[at] ?? 0);
        at += 1;
        headerLeft -= 1;
        bodyLeft = length;
      } else {
        const taken = Math.min(bodyLeft, chunk.length - at);
        at += taken;
        bodyLeft -= taken;
      }
      if (headerLeft === 0 && bodyLeft === 0) {
        frames += 1;
        headerLeft = HEADER_BYTES;
        length = 0;
      }
    }
    return frames;
  };
}
