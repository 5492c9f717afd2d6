import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { delimiter, join } from 'node:path';
import { collectCounts } from './counts.mjs';
import { root } from './root.mjs';

// The workspace's programs come first, the pinned Node among them.
const env = {
  ...process.env,
  TURBO_TELEMETRY_DISABLED: '1',
  PATH: [join(root, 'node_modules', '.bin'), process.env.PATH].join(delimiter),
};

/** Runs the steps of a command in order; answers the exit code for the whole. */
export async function runCommand({ steps, tests = false, keepGoing = false }, args) {
  const counts = tests ? collectCounts(env) : undefined;
  const failures = [];
  for (const [index, [title, line]] of steps.entries()) {
    const last = index === steps.length - 1;
    const code = await runStep(title, line, last ? args : []);
    if (code !== 0) failures.push({ title, code });
    if (interruption.seen || (code !== 0 && !keepGoing)) break;
  }
  for (const { title, code } of failures) console.error(`Failed: ${title} (exit code ${code})`);
  counts?.print();
  return failures[0]?.code ?? 0;
}

/** Runs one program to its end, showing what it prints and how long it took. */
export async function runStep(title, line, args = []) {
  console.log(`\n── ${title}`);
  const started = Date.now();
  const code = await run([...line.split(' '), ...args]);
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  console.log(`── ${title}: ${code === 0 ? 'ok' : 'FAILED'} (${seconds} s)`);
  return code;
}

const interruption = { seen: false };

function run([program, ...args]) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: root, env, stdio: 'inherit' });
    // The child decides how to end, and its exit code is ours. A terminal sends Ctrl-C to both; any
    // other sender reaches only this process, so the signal is handed on.
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
    const onSignal = (signal) => {
      interruption.seen = true;
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    };
    const finish = (code) => {
      for (const signal of signals) process.off(signal, onSignal);
      resolve(code);
    };
    for (const signal of signals) process.on(signal, onSignal);
    child.once('error', (error) => {
      console.error(`'${program}' could not be started: ${error.message}`);
      finish(127);
    });
    child.once('exit', (code, signal) => finish(code ?? 128 + constants.signals[signal]));
  });
}
