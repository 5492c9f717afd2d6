/**
 * The first import of each entry of this package and of @vrsky/runtime: on an older Node it ends the process
 * with one line that names the cause. An error would be printed below lines of source code, and the first
 * one would be that of whatever is missing.
 *
 * Modules are linked before the first of them runs, so the others must be loadable on an older Node: with no
 * newer syntax, and with no named import that its built-in modules lack.
 */
const MINIMUM = 26;

if (Number(process.versions.node.split('.')[0]) < MINIMUM) {
  const program = process.argv[1]?.split(/[\\/]/).pop() ?? '@vrsky/go-plugin';
  console.error(
    `${program} needs Node.js ${MINIMUM} or newer; this is ${process.version} (${process.execPath})`,
  );
  process.exit(1);
}
