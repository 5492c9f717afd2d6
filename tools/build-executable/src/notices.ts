import type { Bundle } from './bundle.ts';
import { licenceFiles, licenceText } from './licence.ts';
import { type NodePackage, nodePackage } from './node-package.ts';

const line = '='.repeat(80);

/**
 * The licence texts of all that is in an executable, or in a bundle without Node: each text once, with whose it
 * is.
 */
export function notices({ packages, comments }: Bundle, node?: NodePackage): string {
  const owners = new Map<string, string[]>();
  const add = (owner: string, text: string) => {
    owners.set(text, [...(owners.get(text) ?? []), owner]);
  };
  for (const bundled of packages) add(bundled.id, licenceText(bundled));
  if (comments) add('In the code of these packages', comments.trim());
  if (node) add(`Node.js ${node.version}`, nodeLicence(node));

  const sections = [...owners].map(
    ([text, names]) => `${line}\n${names.join('\n')}\n${line}\n\n${text}\n`,
  );
  return `This program contains the software below, under these licences.\n\n${sections.join('\n')}`;
}

function nodeLicence(node: NodePackage): string {
  // It is the same on every platform; the package for Windows leaves it out.
  const text = licenceFiles(node.folder) || licenceFiles(nodePackage('linux-x64').folder);
  if (!text) throw new Error(`There is no licence of Node.js in ${node.folder}`);
  return text;
}
