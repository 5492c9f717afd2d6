import { PluginError } from '@vrsky/runtime';

export const MAX_STRING_BYTES = 65_535;

/** What is wrong with the name of a topic that is published to; undefined = nothing. */
export function topicProblem(topic: string): string | undefined {
  if (topic === '') return 'it is empty';
  if (/[+#]/.test(topic)) return 'it has a wildcard, + or #';
  return (
    commonProblem(topic) ?? (topic.startsWith('$SYS/') ? 'it belongs to the broker' : undefined)
  );
}

/** What is wrong with a filter that is subscribed to; undefined = nothing. */
export function filterProblem(filter: string): string | undefined {
  const levels = filter.split('/');
  const misplaced = levels.some((level, i) => {
    if (level.includes('#')) return level !== '#' || i !== levels.length - 1;
    return level.includes('+') && level !== '+';
  });
  if (misplaced) return '+ stands for one whole level, and # for all the rest at the end';
  return filter === '' ? 'it is empty' : commonProblem(filter);
}

function commonProblem(text: string): string | undefined {
  if (text.includes('\0')) return 'it has the character NUL';
  if (Buffer.byteLength(text) > MAX_STRING_BYTES) return `it is above ${MAX_STRING_BYTES} bytes`;
  return undefined;
}

/** @throws PluginError INVALID_CONFIG */
export function checkTopic(field: string, topic: string): void {
  const problem = topicProblem(topic);
  if (problem) {
    const text = `${field}: expected the name of a topic, but ${problem}`;
    throw new PluginError('INVALID_CONFIG', text, { field });
  }
}
