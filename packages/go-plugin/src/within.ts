/** Whether a promise resolves in time. Rejects when it does; what comes later is ignored. */
export async function within(ms: number, promise: Promise<unknown>): Promise<boolean> {
  const late = Promise.withResolvers<false>();
  const timer = setTimeout(() => late.resolve(false), ms);
  const inTime = await Promise.race([promise.then(() => true as const), late.promise]);
  clearTimeout(timer);
  return inTime;
}
