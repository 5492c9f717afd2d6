import { readFileSync } from 'node:fs';
import { PluginError } from '@vrsky/runtime';
import { Command, CommanderError, Option } from 'commander';
import { LOG_LEVELS } from '../config/integration.ts';

const OK = 0;
const FAILED = 1;
const USAGE = 2;

const EXAMPLES = `
Examples:
  $ vrsky-host validate orders.yaml            check the file and both connections
  $ vrsky-host run orders.yaml                 run until Ctrl-C or SIGTERM; a second one hurries
  $ VRSKY_SECRET_ORDERS_KEY=… vrsky-host run orders.yaml
                                               with the secret of \${SECRET:orders_key}
  $ vrsky-host dead-letters list orders.yaml   what could not be delivered, also while it runs

Exit codes: 0 all is well, 1 it is not, 2 the command line is wrong.
Logs go to stderr: short lines on a terminal, otherwise JSON. A mistake is told in plain text.`;

/** Runs the command line; gives the exit code. A user's mistake is a text on stderr, no stack trace. */
export async function main(args: readonly string[]): Promise<number> {
  let exitCode = OK;
  const program = createProgram((code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (thrown) {
    if (thrown instanceof CommanderError) {
      const [first = ''] = args;
      if (/\.ya?ml$/.test(first)) process.stderr.write(`try: vrsky-host run ${first}\n`);
      return thrown.exitCode === 0 ? OK : USAGE;
    }
    const { redactorOf } = await import('./log.ts');
    const { code, rawMessage } = PluginError.from(thrown);
    process.stderr.write(`vrsky-host: [${code}] ${redactorOf(process.env)(rawMessage)}\n`);
    return FAILED;
  }
}

/** The commands' own modules are loaded when one runs, so that `--help` is there at once. */
function createProgram(done: (exitCode: number) => void): Command {
  const program = new Command('vrsky-host')
    .description('Runs VRSky integrations: one incoming and one outgoing connection from one file.')
    .version(version())
    .showSuggestionAfterError()
    .exitOverride()
    .addHelpText('after', EXAMPLES);

  program
    .command('run')
    .description('run an integration until it is stopped')
    .argument('<file>', 'the integration, in YAML')
    .addOption(logLevel('info'))
    .action(async (file: string, options) => {
      done(await (await import('./run.ts')).run(file, options));
    });
  program
    .command('validate')
    .description('check the file, both connectors and what they can reach; leaves nothing behind')
    .argument('<file>', 'the integration, in YAML')
    .addOption(logLevel('warn'))
    .action(async (file: string, options) => {
      done(await (await import('./validate.ts')).validate(file, options));
    });
  program
    .command('dead-letters')
    .description('messages that could not be delivered')
    .command('list')
    .description('list them, oldest first, without their payloads')
    .argument('<file>', 'the integration, in YAML')
    .option('--json', 'print a JSON array')
    .action(async (file: string, options) => {
      done(await (await import('./dead-letters.ts')).list(file, options));
    });
  return program;
}

function logLevel(level: string): Option {
  return new Option('--log-level <level>', 'least level that is logged')
    .choices(LOG_LEVELS)
    .default(level);
}

function version(): string {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}
