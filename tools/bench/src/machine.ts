import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { join } from 'node:path';

/** On what was measured. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly kernel: string;
  readonly node: string;
  readonly go: string;
  /** By import path, as the benchmark's go.mod has them. */
  readonly goModules: Readonly<Record<string, string>>;
}

export function machine(): Machine {
  const processors = cpus();
  return {
    cpu: processors[0]?.model ?? 'unknown',
    cores: processors.length,
    memoryBytes: totalmem(),
    kernel: release(),
    node: process.version,
    go: execFileSync('go', ['env', 'GOVERSION'], { encoding: 'utf8' }).trim(),
    goModules: goModules(),
  };
}

/** What waits for a processor, on average over the last minute. Above a fraction, the figures are noise. */
export function load(): { readonly average: number; readonly busy: boolean } {
  const [average = 0] = loadavg();
  return { average, busy: average > cpus().length * BUSY };
}

const BUSY = 0.25;

function goModules(): Record<string, string> {
  const text = readFileSync(join(import.meta.dirname, '../go/go.mod'), 'utf8');
  const wanted = text.matchAll(/^\s(\S+(?:go-plugin|grpc|protobuf)) (v\S+)$/gm);
  return Object.fromEntries([...wanted].map(([, path = '', version = '']) => [path, version]));
}
