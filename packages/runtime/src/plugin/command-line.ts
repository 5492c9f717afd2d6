import { PluginError } from '../contract/plugin-error.ts';
import type { Connector } from './connector.ts';
import { licenses } from './licenses.ts';
import { metadataOf, schemaOf } from './metadata.ts';
import { secrets } from './secrets.ts';

const OK = 0;
const FAILED = 1;
const WRONG_USAGE = 2;

/**
 * What an executable answers when it is run by hand.
 * @returns the exit code
 */
export async function runCommand(
  args: readonly string[],
  load: () => Promise<{ connector: Connector }>,
): Promise<number> {
  const { connector } = await load();
  const [command, file, ...rest] = args;
  if (command === 'validate' && file !== undefined && rest.length === 0) {
    return validate(connector, file);
  }
  const answer = file === undefined && answers[command ?? ''];
  if (!answer) {
    console.error(`Cannot understand "${args.join(' ')}".\n\n${help(connector)}`);
    return WRONG_USAGE;
  }
  console.log(answer(connector));
  return OK;
}

const answers: Record<string, (connector: Connector) => string> = {
  '--help': help,
  '--version': ({ metadata }) => metadata.version,
  '--licenses': ({ metadata }) => licenses(metadata.name),
  metadata: (connector) => JSON.stringify(metadataOf(connector), null, 2),
  schema: (connector) => JSON.stringify(schemaOf(connector), null, 2),
};

async function validate(connector: Connector, file: string): Promise<number> {
  const { validateFile } = await import('./validate-file.ts');
  try {
    const warnings = await validateFile(connector, file);
    for (const warning of warnings) console.log(`warning: ${secrets.redact(warning)}`);
    console.log(`${file}: valid`);
    return OK;
  } catch (thrown) {
    const { code, rawMessage } = PluginError.from(thrown);
    console.error(`${file}: ${code}: ${secrets.redact(rawMessage)}`);
    return FAILED;
  }
}

function help(connector: Connector): string {
  const { name, version, description, documentation } = connector.metadata;
  const [type] = metadataOf(connector).supportedTypes;
  return `${name} ${version} - ${description}

Started by a VRSky host it serves one connection. Run by hand:

  ${name} --help           this text
  ${name} --version        the version
  ${name} --licenses       the licence texts of all that is in the executable
  ${name} metadata         what the connector is and can do, as JSON
  ${name} schema           JSON Schema of a connection's settings
  ${name} validate FILE    checks a connection's settings and connectivity, and changes nothing

FILE is YAML or JSON:

  type: ${type}
  settings: {}
  credentials: {}

Exit codes: 0 all is well, 1 it is not, 2 the command line is wrong.
Documentation: ${documentation}`;
}
