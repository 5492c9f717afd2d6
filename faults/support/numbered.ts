/** Messages of the fault tests are told apart by the number at the head of their payload. */
const HEAD = 12;

export function payloadOf(n: number, bytes: number): Buffer<ArrayBuffer> {
  const payload = Buffer.alloc(Math.max(bytes, HEAD), ' ');
  payload.write(String(n));
  return payload;
}

export function numberOf(payload: Uint8Array): number {
  return Number(Buffer.from(payload.subarray(0, HEAD)).toString('latin1'));
}
