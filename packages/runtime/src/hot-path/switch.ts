/** A host and a connector each decide for themselves: with this variable, all their calls go through Connect. */
export function hotPathIsOff(): boolean {
  return process.env['VRSKY_HOT_PATH'] === 'off';
}
