// node tools/bench/plot.ts RESULTS.json PLOT.svg: draws the rate against the size of the batches.
import { readFileSync, writeFileSync } from 'node:fs';
import { plot } from './src/plot.ts';
import type { Report } from './src/report.ts';

const [results, file] = process.argv.slice(2);
if (results === undefined || file === undefined) {
  console.error('usage: plot.ts RESULTS.json PLOT.svg');
  process.exit(2);
}
writeFileSync(file, plot(JSON.parse(readFileSync(results, 'utf8')) as Report));
