// `npm start`, `npm test` and the other root scripts come here. It is plain JavaScript for any Node
// from 18 on: it installs the workspace if needed, then runs the command on the Node pinned there.
import { commands } from './commands.mjs';
import { install } from './install.mjs';
import { runCommand } from './steps.mjs';

const [name, ...args] = process.argv.slice(2);
const command = commands[name];
if (!command) {
  console.error(`There is no command '${name}'. Known: ${Object.keys(commands).join(', ')}.`);
  process.exit(1);
}
process.exitCode = (await install()) || (await runCommand(command, args));
