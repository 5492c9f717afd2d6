/** gRPC takes eight digits. */
const LARGEST = 99_999_999;

/** The header of a deadline above 0, in milliseconds; in seconds where it has too many digits. */
export function timeoutHeader(ms: number): string {
  const whole = Math.ceil(ms);
  if (whole <= LARGEST) return `${whole}m`;
  return `${Math.min(Math.ceil(ms / 1000), LARGEST)}S`;
}
