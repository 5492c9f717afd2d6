import type { Handshake } from '../handshake/handshake.ts';
import { notExecutable } from '../handshake/not-executable.ts';
import { writeStderr } from './stderr.ts';

const byHand = `${notExecutable} These are not meant to be executed directly.
Please execute the program that consumes these plugins, which will
load any plugins automatically
`;
const misconfigured = `Misconfigured ServeConfig given to serve this plugin: no magic cookie
key or value was set. Please notify the plugin author and report
this as a bug.
`;

const explanationMs = 1_000;

/** Ends the process with status 1 and go-plugin's words unless a host started it. Nothing goes to stdout. */
export function requireHost(handshake: Handshake, env: NodeJS.ProcessEnv): void {
  const { magicCookieKey, magicCookieValue } = handshake;
  if (magicCookieKey === '' || magicCookieValue === '') refuse(misconfigured);
  if (env[magicCookieKey] !== magicCookieValue) refuse(byHand);
}

function refuse(text: string): never {
  writeStderr(text, explanationMs);
  process.exit(1);
}
