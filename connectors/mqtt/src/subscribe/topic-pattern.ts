import { PluginError } from '@vrsky/runtime';

/** Names of levels with their values, such as `{ deviceId: '7' }`; undefined = it does not match. */
export type TopicPattern = (topic: string) => Readonly<Record<string, string>> | undefined;

const NAMED = /^\{([A-Za-z_][\w-]*)\}$/;

/**
 * Compiles a pattern such as `devices/{deviceId}/+/#`.
 * @throws PluginError INVALID_CONFIG
 */
export function compilePattern(pattern: string): TopicPattern {
  const levels = pattern.split('/');
  const open = levels.at(-1) === '#';
  if (open) levels.pop();
  const names = levels.map((level) => NAMED.exec(level)?.[1]);
  for (const [i, level] of levels.entries()) {
    if (names[i] === undefined && level !== '+' && /[{}+#]/.test(level)) throw invalid(level);
  }
  return (topic) => {
    const parts = topic.split('/');
    if (open ? parts.length < levels.length : parts.length !== levels.length) return undefined;
    const found: Record<string, string> = {};
    for (const [i, level] of levels.entries()) {
      const part = parts[i] ?? '';
      const name = names[i];
      if (name !== undefined) found[name] = part;
      else if (level !== '+' && level !== part) return undefined;
    }
    return found;
  };
}

function invalid(level: string): PluginError {
  const field = 'settings.topicPattern';
  const text = `${field}: expected each level to be a text, {name}, + or a last #, but there is ${level}`;
  return new PluginError('INVALID_CONFIG', text, { field });
}
