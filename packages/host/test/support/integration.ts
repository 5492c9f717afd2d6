import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SCRIPTED = fileURLToPath(new URL('../fixtures/scripted-connector.ts', import.meta.url));
const HTTP = fileURLToPath(new URL('../../../../connectors/http/src/main.ts', import.meta.url));

/** A connector run from its sources. */
function plugin(main: string): object {
  return {
    plugin: process.execPath,
    args: ['--conditions=vrsky:source', '--disable-warning=ExperimentalWarning', main],
  };
}

export interface Sides {
  readonly incoming?: object;
  readonly outgoing?: object;
  /** Further keys of the file. */
  readonly more?: object;
}

/** Writes an integration's file between two connections that follow a script; gives its path. */
export function scripted(folder: string, { incoming, outgoing, more }: Sides): string {
  const side = (name: string, settings: object | undefined): object => {
    const { settings: script, ...rest } = (settings ?? {}) as { settings?: object };
    writeFileSync(join(folder, `${name}.journal`), '', { flag: 'a' });
    return {
      type: `scripted-${name}`,
      ...plugin(SCRIPTED),
      settings: { journal: join(folder, `${name}.journal`), ...script },
      ...rest,
    };
  };
  return write(folder, {
    incoming: side('in', incoming),
    outgoing: side('out', outgoing),
    ...more,
  });
}

/** Writes an integration's file from a webhook on a free port to `url`; gives its path. */
export function webhookTo(folder: string, url: string, { incoming, outgoing, more }: Sides = {}) {
  return write(folder, {
    incoming: {
      type: 'http-webhook',
      ...plugin(HTTP),
      settings: { host: '127.0.0.1', port: 0 },
      ...incoming,
    },
    outgoing: {
      type: 'http-rest',
      ...plugin(HTTP),
      settings: { url, ssrf: { allowPrivate: true } },
      retry: { maxRetries: 2, initialBackoff: '10ms' },
      ...outgoing,
    },
    ...more,
  });
}

/** Writes an integration's file; gives its path. */
export function write(folder: string, content: object): string {
  const file = join(folder, 'orders.yaml');
  // JSON is YAML.
  writeFileSync(
    file,
    JSON.stringify({ name: 'orders', store: './orders.db', ...content }, null, 1),
  );
  return file;
}

/** The lines of one side's journal. */
export function journal(folder: string, side: 'in' | 'out'): string[] {
  return readFileSync(join(folder, `${side}.journal`), 'utf8')
    .split('\n')
    .filter(Boolean);
}
