import type { Integration } from '../config/integration.ts';
import { loadIntegration } from '../config/load.ts';
import { type Finding, validateIntegration } from '../validate.ts';
import { createLog, redactorOf } from './log.ts';
import { printable } from './printable.ts';
import { createStopSignals } from './stop-signals.ts';

/** `vrsky-host validate`: gives the exit code. */
export async function validate(file: string, { logLevel }: { logLevel: string }): Promise<number> {
  const integration = await loadIntegration(file);
  const redact = redactorOf(process.env, integration);
  const signals = createStopSignals(() => {});
  try {
    const log = createLog(logLevel, redact);
    const findings = await validateIntegration(integration, { log, signal: signals.stop });
    for (const finding of findings) {
      process.stdout.write(redact(`${linesOf(finding, integration).join('\n')}\n`));
    }
    return findings.some(({ error }) => error) ? 1 : 0;
  } finally {
    signals.close();
  }
}

function linesOf({ part, notes, warnings, error }: Finding, integration: Integration): string[] {
  return [
    `${titleOf(part, integration)}: ${error ? 'failed' : 'ok'}`,
    ...notes.map((note) => `  ${printable(note)}`),
    ...warnings.map((warning) => `  warning: ${printable(warning)}`),
    ...(error ? [`  error: [${error.code}] ${error.rawMessage}`] : []),
  ];
}

function titleOf(part: Finding['part'], integration: Integration): string {
  if (part === 'store') return `store ${integration.store.path}`;
  const { id, type } = integration[part];
  return `${part} connection ${id} (${type})`;
}
