/**
 * Keeps V8's heap small: a connector moves messages, it computes little. Less growth makes V8 collect all of
 * it again and again when large payloads come in.
 */
export const heapFlags: readonly string[] = [
  '--max-semi-space-size=4',
  '--heap-growing-percent=150',
];
