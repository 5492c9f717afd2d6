#!/usr/bin/env node
import './no-debugger.ts';
import '@vrsky/runtime';

// Only now, when this Node is known to be new enough.
const { main } = await import('./cli/program.ts');

process.exitCode = await main(process.argv.slice(2));
