import type {
  DescEnum,
  DescExtension,
  DescFile,
  DescMessage,
  DescService,
} from '@bufbuild/protobuf';
import { nestedTypes } from '@bufbuild/protobuf/reflect';

/** What a set of services is made of: their files and all that these import. */
export interface Descriptors {
  readonly services: readonly DescService[];
  /** By path, such as `plugin/grpc_stdio.proto`. */
  readonly files: ReadonlyMap<string, DescFile>;
  /** The declaring file of each full name: messages, fields, enums and their values, services, methods, extensions. */
  readonly symbols: ReadonlyMap<string, DescFile>;
  readonly extensions: readonly DescExtension[];
}

export function describeServices(services: readonly DescService[]): Descriptors {
  const files = new Map<string, DescFile>();
  for (const { file } of services) addWithImports(file, files);
  const symbols = new Map<string, DescFile>();
  const extensions: DescExtension[] = [];
  for (const file of files.values()) {
    for (const type of nestedTypes(file)) {
      symbols.set(type.typeName, file);
      if (type.kind === 'extension') extensions.push(type);
      else for (const name of membersOf(type)) symbols.set(name, file);
    }
  }
  return { services, files, symbols, extensions };
}

/** The file itself, then all that it imports. */
export function withImports(file: DescFile): DescFile[] {
  const files = new Map<string, DescFile>();
  addWithImports(file, files);
  return [...files.values()];
}

function addWithImports(file: DescFile, files: Map<string, DescFile>): void {
  if (files.has(file.proto.name)) return;
  files.set(file.proto.name, file);
  for (const imported of file.dependencies) addWithImports(imported, files);
}

function membersOf(type: DescMessage | DescEnum | DescService): string[] {
  switch (type.kind) {
    case 'service':
      return type.methods.map(({ name }) => `${type.typeName}.${name}`);
    case 'message':
      return type.members.map(({ name }) => `${type.typeName}.${name}`);
    case 'enum': {
      // Values are siblings of their enum, as in C++.
      const scope = type.typeName.slice(0, -type.name.length);
      return type.values.map(({ name }) => `${scope}${name}`);
    }
  }
}
