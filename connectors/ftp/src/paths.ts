import { PluginError } from '@vrsky/runtime';

const MAX_NAME_BYTES = 255;
/** Longer than any file system has names. */
const MAX_LISTED = 1024;
const CONTROL = /\p{Cc}/u;

/** Whether a server's name for a file is one name, and not a way to somewhere else. */
export function isName(name: string): boolean {
  if (name === '' || name === '.' || name === '..' || name.length > MAX_LISTED) return false;
  return !/[/\\]/.test(name) && !CONTROL.test(name);
}

/** Joins a directory and a name or relative path. */
export function join(directory: string, name: string): string {
  return directory.endsWith('/') ? directory + name : `${directory}/${name}`;
}

/** Resolves an operator's directory against another one: absolute ones stay. */
export function resolve(root: string, directory: string): string {
  const path = directory.startsWith('/') ? directory : join(root, directory);
  return path.length > 1 ? path.replace(/\/+$/, '') : path;
}

export function parentOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf('/'), 1));
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/**
 * Checks that a path made from a message stays below its directory and can be sent in a command.
 * @throws PluginError INVALID_MESSAGE (INVALID_FILENAME), without the name: it may be of the payload
 */
export function checkRelativePath(path: string): string {
  const names = path.split('/');
  if (names.every((name) => isName(name) && Buffer.byteLength(name) <= MAX_NAME_BYTES)) return path;
  const text =
    'the file name that settings.fileNameTemplate gives for this message: expected a path below ' +
    `settings.directory without "..", "\\" and control characters, each name of 1 to ${MAX_NAME_BYTES} bytes`;
  throw new PluginError('INVALID_MESSAGE', text, { reason: 'INVALID_FILENAME' });
}

/** `name-1.csv`, `name-2.csv`, … for `name.csv`. */
export function numbered(path: string, number: number): string {
  const name = nameOf(path);
  const dot = name.lastIndexOf('.');
  const stem = dot > 0 ? name.slice(0, dot) : name;
  const ending = dot > 0 ? name.slice(dot) : '';
  return join(parentOf(path), `${stem}-${number}${ending}`);
}
