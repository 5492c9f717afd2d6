import { loadIntegration } from '../config/load.ts';
import { listDeadLetters } from '../store/dead-letters.ts';
import { redactorOf } from './log.ts';
import { printable } from './printable.ts';

/** `vrsky-host dead-letters list`: gives the exit code. */
export async function list(file: string, { json }: { json?: true }): Promise<number> {
  const integration = await loadIntegration(file);
  const redact = redactorOf(process.env, integration);
  const letters = listDeadLetters(integration.store.path).map((letter) => {
    return { ...letter, text: redact(letter.text) };
  });
  if (json) {
    process.stdout.write(`${JSON.stringify(letters, undefined, 2)}\n`);
  } else if (letters.length === 0) {
    process.stdout.write('no dead letters\n');
  } else {
    for (const { id, bytes, contentType, attempts, failedAt, expiresAt, code, text } of letters) {
      const lines = [
        printable(id),
        `  failed   ${failedAt.toString()} after ${attempts} attempts; kept until ${expiresAt.toString()}`,
        `  payload  ${bytes} bytes of ${printable(contentType)}`,
        `  error    [${printable(code)}] ${printable(text)}`,
      ];
      process.stdout.write(`${lines.join('\n')}\n`);
    }
  }
  return 0;
}
