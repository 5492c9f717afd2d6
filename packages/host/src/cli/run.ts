import { loadIntegration } from '../config/load.ts';
import { runIntegration } from '../run.ts';
import { createLog, redactorOf } from './log.ts';
import { createStopSignals } from './stop-signals.ts';

/** `vrsky-host run`: gives the exit code. */
export async function run(file: string, { logLevel }: { logLevel: string }): Promise<number> {
  const integration = await loadIntegration(file);
  const log = createLog(logLevel, redactorOf(process.env, integration));
  const signals = createStopSignals((name, again) => {
    if (again) log.warn(`${name} again: not waiting any longer; nothing is lost`);
    else log.info(`${name}: stopping; once more to hurry`);
  });
  try {
    await runIntegration(integration, {
      log,
      signal: signals.stop,
      hurry: signals.hurry,
      onConnected: ({ direction, pid, health }) => {
        const { id, type } = integration[direction];
        log.info({ connection: id, type, connectorPid: pid, ...health }, `${direction} is up`);
      },
      onAlert: ({ kind, ...alert }) => log.error({ alert: kind, ...alert }, 'operator alert'),
    });
    log.info('stopped');
    return 0;
  } finally {
    signals.close();
  }
}
