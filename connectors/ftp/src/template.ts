import { PluginError } from '@vrsky/runtime';

/** Values by variable: `id`, `name`, `headers.NAME`, … undefined = not there. */
export type Lookup = (variable: string) => string | undefined;

interface Alternative {
  readonly variable: string;
  /** Of a time: `yyyyMMdd`. */
  readonly format: string | undefined;
}
type Part = string | readonly Alternative[];

const TIMES: ReadonlySet<string> = new Set(['date', 'timestamp']);

/** `${headers.x ?? id}-${date:yyyyMMdd}.csv`, taken apart. */
export class Template {
  readonly #parts: readonly Part[];
  readonly #field: string;

  /**
   * @param known variables that there are; one that ends with a dot stands for all that begin with it
   * @param field of the settings, for errors
   * @throws PluginError INVALID_CONFIG
   */
  constructor(text: string, known: readonly string[], field: string) {
    this.#field = field;
    this.#parts = text
      .split(/(\$\{[^}]*\})/)
      .filter(Boolean)
      .map((part) => {
        const inner = /^\$\{(.*)\}$/.exec(part)?.[1];
        if (inner === undefined) return part;
        return inner.split('??').map((one) => parseAlternative(one.trim(), known, field));
      });
  }

  /** What stands before the first variable. */
  get prefix(): string {
    const [first] = this.#parts;
    return typeof first === 'string' ? first : '';
  }

  /** @throws PluginError INVALID_MESSAGE when a value is missing */
  render(lookup: Lookup): string {
    return this.#parts
      .map((part) => (typeof part === 'string' ? part : this.#value(part, lookup)))
      .join('');
  }

  #value(alternatives: readonly Alternative[], lookup: Lookup): string {
    for (const { variable, format } of alternatives) {
      const value = lookup(variable);
      if (value) return format === undefined ? value : formatTime(value, format);
    }
    const names = alternatives.map(({ variable }) => variable).join(' or ');
    const text = `${this.#field}: the message has no ${names}`;
    throw new PluginError('INVALID_MESSAGE', text, { field: this.#field });
  }
}

function parseAlternative(text: string, known: readonly string[], field: string): Alternative {
  const [, variable = '', format] = /^([^:]*)(?::(.*))?$/.exec(text) ?? [];
  const exists = known.some((one) =>
    one.endsWith('.') ? variable.startsWith(one) && variable.length > one.length : variable === one,
  );
  if (!exists || (format !== undefined) !== TIMES.has(variable)) {
    const list = known.map((one) =>
      TIMES.has(one) ? `${one}:yyyyMMdd` : one.replace(/\.$/, '.NAME'),
    );
    const expected = `expected \${…} with ${list.join(', ')}`;
    throw new PluginError('INVALID_CONFIG', `${field}: ${expected}`, { field });
  }
  return { variable, format };
}

/** @param time in ISO 8601, UTC */
function formatTime(time: string, format: string): string {
  const [yyyy, MM, dd, HH, mm, ss, SSS = ''] = time.split(/\D/);
  const fields: Record<string, string | undefined> = {
    yyyy,
    MM,
    dd,
    HH,
    mm,
    ss,
    SSS: SSS.slice(0, 3).padEnd(3, '0'),
  };
  return format.replace(/yyyy|MM|dd|HH|mm|ss|SSS/g, (token) => fields[token] ?? '');
}
