// The TypeScript host of the benchmark, with the command line and the answers of the Go one:
// main.ts OPTIONS COMMAND [ARG...]
import type { HostOptions } from '../src/measurement.ts';
import { measureLoad } from './measure.ts';

const [options, command, ...args] = process.argv.slice(2);
if (options === undefined || command === undefined) {
  console.error('usage: main.ts OPTIONS COMMAND [ARG...]');
  process.exit(2);
}
measureLoad(JSON.parse(options) as HostOptions, command, args).then(
  (result) => console.log(JSON.stringify(result)),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  },
);
