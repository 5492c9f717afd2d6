import { loadIntegration } from '../config/load.ts';
import { validateIntegration } from '../validate.ts';
import { createLog, redactorOf } from './log.ts';
import { createStopSignals } from './stop-signals.ts';

/** `vrsky-host validate`: gives the exit code. */
export async function validate(file: string, { logLevel }: { logLevel: string }): Promise<number> {
  const log = createLog(logLevel);
  const redact = redactorOf(process.env);
  const integration = await loadIntegration(file);
  const signals = createStopSignals(() => {});
  try {
    const findings = await validateIntegration(integration, { log, signal: signals.stop });
    for (const { direction, warnings, error } of findings) {
      const { id, type } = integration[direction];
      const verdict = error ? 'failed' : 'ok';
      process.stdout.write(`${direction} connection ${id} (${type}): ${verdict}\n`);
      for (const warning of warnings) process.stdout.write(`  warning: ${redact(warning)}\n`);
      if (error) process.stdout.write(`  error: [${error.code}] ${redact(error.rawMessage)}\n`);
    }
    return findings.some(({ error }) => error) ? 1 : 0;
  } finally {
    signals.close();
  }
}
