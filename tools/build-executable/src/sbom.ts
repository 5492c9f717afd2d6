import { basename } from 'node:path';
import {
  Builders,
  Factories as ManifestFactories,
} from '@cyclonedx/cyclonedx-library/Contrib/FromNodePackageJson';
import { Factories as LicenceFactories } from '@cyclonedx/cyclonedx-library/Contrib/License';
import { ComponentType, HashAlgorithm, LifecyclePhase } from '@cyclonedx/cyclonedx-library/Enums';
import { Bom, Component, HashDictionary } from '@cyclonedx/cyclonedx-library/Models';
import { JSON as Json, JsonSerializer } from '@cyclonedx/cyclonedx-library/Serialize';
import { Spec1dot6 } from '@cyclonedx/cyclonedx-library/Spec';
import parse from 'spdx-expression-parse';
import type { Bundle } from './bundle.ts';
import type { Executable } from './executable.ts';
import type { NodePackage } from './node-package.ts';
import type { BundledPackage } from './packages.ts';

const licences = new LicenceFactories.LicenseFactory(parse);
const builder = new Builders.ComponentBuilder(
  new ManifestFactories.ExternalReferenceFactory(),
  licences,
);

/**
 * The bill of materials of an executable, as CycloneDX JSON: the packages in its bundle and Node.
 * Without a time and a serial number: the same commit gives the same text.
 */
export function sbom(
  { main, packages }: Bundle,
  executable: Executable,
  node: NodePackage,
): string {
  const bom = new Bom();
  const components = new Map(packages.map((bundled) => [bundled.id, packageComponent(bundled)]));
  for (const { id, imports } of packages) {
    for (const imported of imports) link(components.get(id), components.get(imported));
  }
  const platform = nodeComponent(node);
  for (const component of [...components.values(), platform]) bom.components.add(component);

  const whole = executableComponent(executable, main.manifest.version);
  link(whole, components.get(main.id));
  link(whole, platform);
  bom.metadata.component = whole;
  bom.metadata.lifecycles.add(LifecyclePhase.Build);
  const serializer = new JsonSerializer(new Json.Normalize.Factory(Spec1dot6));
  return `${serializer.serialize(bom, { sortLists: true, space: 2 })}\n`;
}

function executableComponent({ file, sha256 }: Executable, version: string): Component {
  return new Component(ComponentType.Application, basename(file), {
    bomRef: basename(file),
    version,
    hashes: new HashDictionary([[HashAlgorithm['SHA-256'], sha256]]),
  });
}

function packageComponent({ id, manifest }: BundledPackage): Component {
  const component = builder.makeComponent(manifest);
  if (!component) throw new Error(`${id}: its package.json cannot be described`);
  component.bomRef.value = id;
  component.purl = purl(manifest.name, manifest.version);
  return component;
}

function nodeComponent({ name, version }: NodePackage): Component {
  const component = new Component(ComponentType.Platform, 'node', {
    bomRef: `node@${version}`,
    version,
    description: 'Node.js',
    purl: purl(name, version),
    cpe: `cpe:2.3:a:nodejs:node.js:${version}:*:*:*:*:*:*:*`,
  });
  component.licenses.add(licences.makeFromString('MIT'));
  return component;
}

function purl(name: string, version: string): string {
  return `pkg:npm/${name.replace('@', '%40')}@${encodeURIComponent(version)}`;
}

function link(from: Component | undefined, to: Component | undefined): void {
  if (from && to) from.dependencies.add(to.bomRef);
}
