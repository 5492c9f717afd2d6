import { readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import parse, { type Info } from 'spdx-expression-parse';
import standardLicences from 'spdx-license-list/full.js';
import type { BundledPackage } from './packages.ts';
import { root } from './target.ts';

/** The text of the licences under which a package is used. */
export function licenceText(bundled: BundledPackage): string {
  const { folder } = bundled;
  const thirdParty = folder.includes(`${sep}node_modules${sep}`);
  return licenceFiles(thirdParty ? folder : root) || standardText(bundled);
}

/** The contents of a folder's licence files; '' if it has none. */
export function licenceFiles(folder: string): string {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && /^(licen[cs]e|notice|copying)/i.test(entry.name))
    .map(({ name }) => name)
    .toSorted()
    .map((name) => readFileSync(join(folder, name), 'utf8').trim())
    .join('\n\n');
}

/** For the packages that name their licence and bring no text of it. */
function standardText({ id, manifest, sources }: BundledPackage): string {
  const { license = '', author } = manifest;
  const texts = identifiers(parseOf(license, id)).map((identifier) => {
    const standard = standardLicences[identifier]?.licenseText;
    if (!standard) throw new Error(`${id}: there is no standard text of ${identifier}`);
    return standard.trim();
  });
  const by = typeof author === 'string' ? author : author?.name;
  const intro = [
    `The package comes without a licence file. It names this licence: ${license}`,
    ...(by ? [`Its author: ${by}`] : []),
    ...copyrightLines(sources),
  ];
  return [intro.join('\n'), ...texts].join('\n\n');
}

function parseOf(license: string, id: string): Info {
  try {
    return parse(license);
  } catch (error) {
    throw new Error(`${id} has no licence file, and no licence that SPDX knows: '${license}'`, {
      cause: error,
    });
  }
}

function identifiers(info: Info): string[] {
  if ('license' in info) return [info.license];
  return [...new Set([...identifiers(info.left), ...identifiers(info.right)])];
}

/** What the heads of the files say: `// Copyright 2021 Somebody`. */
function copyrightLines(sources: readonly string[]): string[] {
  const lines = sources.flatMap((source) => {
    const matches = readFileSync(source, 'utf8').matchAll(/^\W*(Copyright .*\d{4}.*)$/gm);
    return [...matches].map(([, line = '']) => line.trim());
  });
  return [...new Set(lines)].toSorted();
}
