import { PluginError } from '@vrsky/runtime';
import type { ConnectorHost } from '@vrsky/runtime/plugin';
import { incomplete } from '../errors.ts';
import { numbered, parentOf } from '../paths.ts';
import { ensureDirectory } from '../remote/directories.ts';
import type { RemoteFiles } from '../remote/remote-files.ts';
import type { Names } from './naming.ts';
import { hasContent, isHashOf } from './same-content.ts';
import type { OutgoingSettings } from './settings.ts';

const MOST_NUMBERS = 1000;

/** One message on its way out. */
export interface Upload {
  readonly content: Uint8Array;
  readonly modifiedAt: Date | undefined;
  readonly names: Names;
  /** An earlier try of this message may have got as far as giving the file its name. */
  readonly isRetry: boolean;
  /** Told right before the file gets its name: from then on the outcome may be unknown. */
  onNaming(): void;
}

export interface Written {
  /** Absolute path of the file. */
  readonly path: string;
  /** `existed`: nothing was written, because the file, or another one of its name, was there. */
  readonly outcome: 'written' | 'existed';
}

/** Writes a file so that it is there whole or not at all: temporary name, check, final name, marker. */
export async function upload(
  remote: RemoteFiles,
  file: Upload,
  settings: OutgoingSettings,
  log: ConnectorHost['log'],
  signal: AbortSignal,
): Promise<Written> {
  const { temp, marker } = file.names;
  const place = await choose(remote, file, settings, signal);
  if (place.outcome === 'written') {
    if (settings.ifExists === 'append') await append(remote, file, settings, signal);
    else await write(remote, temp ?? place.path, file, settings, signal);
    await decorate(remote, temp ?? place.path, file, settings, log, signal);
    if (temp) {
      file.onNaming();
      await remote.rename(temp, place.path, settings.ifExists === 'overwrite', signal);
    }
  }
  const isIgnored = settings.ifExists === 'ignore' && place.outcome === 'existed';
  if (marker && !isIgnored) await remote.write(marker, new Uint8Array(), 'replace', signal);
  return place;
}

/** Which name the file gets, given what is there already. */
async function choose(
  remote: RemoteFiles,
  { names: { target }, content, isRetry }: Upload,
  { ifExists }: OutgoingSettings,
  signal: AbortSignal,
): Promise<Written> {
  const written: Written = { path: target, outcome: 'written' };
  if (ifExists === 'overwrite' || ifExists === 'append') return written;
  const entry = await remote.stat(target, signal);
  if (!entry) return written;
  if (ifExists === 'ignore') return { path: target, outcome: 'existed' };
  if (ifExists === 'fail') {
    const isOurs =
      entry.kind === 'file' && (await hasContent(remote, target, entry.size, content, signal));
    if (isOurs) return { path: target, outcome: 'existed' };
    const text = `${target} is there already, with another content; choose another settings.fileNameTemplate or ifExists`;
    throw new PluginError('SEND_FAILED', text, { recoverable: false, reason: 'TARGET_EXISTS' });
  }
  for (let number = 0; number <= MOST_NUMBERS; number += 1) {
    const path = number === 0 ? target : numbered(target, number);
    const there = number === 0 ? entry : await remote.stat(path, signal);
    if (!there) return { path, outcome: 'written' };
    const isOurs = isRetry && (await hasContent(remote, path, there.size, content, signal));
    if (isOurs) return { path, outcome: 'existed' };
  }
  const text = `${target} and ${MOST_NUMBERS} files with a number are there already`;
  throw new PluginError('SEND_FAILED', text, { recoverable: false, reason: 'TARGET_EXISTS' });
}

async function write(
  remote: RemoteFiles,
  path: string,
  { content }: Upload,
  { createDirectories, verify }: OutgoingSettings,
  signal: AbortSignal,
): Promise<void> {
  await withDirectory(remote, path, createDirectories, signal, () =>
    remote.write(path, content, 'replace', signal),
  );
  if (verify === 'none') return;
  await checkSize(remote, path, content.length, signal);
  if (verify === 'size') return;
  const hash = await remote.hash(path, signal);
  if (!hash)
    throw new PluginError(
      'UNSUPPORTED',
      'settings.verify: the server computes no hashes; use "size"',
    );
  if (!isHashOf(hash, content)) {
    const text = `${path}: the server computes another ${hash.algorithm} than what was sent has`;
    throw new PluginError('SEND_FAILED', text, { reason: 'CHECKSUM_MISMATCH' });
  }
}

async function append(
  remote: RemoteFiles,
  { names: { target }, content }: Upload,
  { createDirectories, verify }: OutgoingSettings,
  signal: AbortSignal,
): Promise<void> {
  const before = verify === 'none' ? undefined : await remote.stat(target, signal);
  await withDirectory(remote, target, createDirectories, signal, () =>
    remote.write(target, content, 'append', signal),
  );
  if (verify !== 'none')
    await checkSize(remote, target, (before?.size ?? 0) + content.length, signal);
}

/** Creates the directory when it turns out to be missing; most of the time it is there. */
async function withDirectory(
  remote: RemoteFiles,
  path: string,
  create: boolean,
  signal: AbortSignal,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    const mayBeMissing = error instanceof PluginError && !error.recoverable;
    if (!create || !mayBeMissing || remote.closed) throw error;
    await ensureDirectory(remote, parentOf(path), signal);
    await work();
  }
}

async function checkSize(
  remote: RemoteFiles,
  path: string,
  size: number,
  signal: AbortSignal,
): Promise<void> {
  const entry = await remote.stat(path, signal);
  if (entry?.size !== size)
    throw incomplete('write', `the upload of ${path}`, entry?.size ?? 0, size);
}

/** Niceties: a server that refuses them has the file all the same. */
async function decorate(
  remote: RemoteFiles,
  path: string,
  { modifiedAt }: Upload,
  { chmod, preserveTimestamp }: OutgoingSettings,
  log: ConnectorHost['log'],
  signal: AbortSignal,
): Promise<void> {
  try {
    if (chmod !== undefined) await remote.chmod(path, chmod, signal);
    if (preserveTimestamp && modifiedAt) await remote.setModified(path, modifiedAt, signal);
  } catch (error) {
    if (remote.closed || signal.aborted) throw error;
    log.warn({ err: error, path }, 'the server did not take permissions or time of a file');
  }
}
