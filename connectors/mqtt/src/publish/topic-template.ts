import { type Message, PluginError } from '@vrsky/runtime';
import { topicProblem } from '../link/topic.ts';

export type TopicTemplate = (message: Message) => string;

const PLACEHOLDER = /\{\{(.*?)\}\}/g;
const PATH = /^(id|contentType|metadata\.\w+|headers\..+?)(\|path)?$/;
const METADATA = new Set([
  'customerId',
  'tenantId',
  'integrationId',
  'source',
  'destination',
  'correlationId',
  'traceId',
]);

/**
 * Compiles a template such as `devices/{{headers.device}}`. Rendering throws SEND_FAILED, final, for a
 * message that gives no topic: a value that is missing, or would change the levels around it.
 * @throws PluginError INVALID_CONFIG
 */
export function compileTopic(field: string, template: string): TopicTemplate {
  const parts = template.split(PLACEHOLDER);
  const render = parts.map((part, i) =>
    i % 2 === 0 ? part : compilePlaceholder(field, part.replaceAll(/\s/g, '')),
  );
  const problem = topicProblem(parts.map((part, i) => (i % 2 === 0 ? part : 'x')).join(''));
  if (problem || template.replaceAll(PLACEHOLDER, '').includes('{{')) {
    throw invalid(field, `expected a topic, but ${problem ?? 'a {{ has no }}'}`);
  }
  return (message) => {
    const topic = render.map((part) => (typeof part === 'string' ? part : part(message))).join('');
    const wrong = topicProblem(topic);
    if (wrong) throw noTopic(message, field, `the topic is not valid: ${wrong}`);
    return topic;
  };
}

function compilePlaceholder(field: string, text: string): TopicTemplate {
  const [, path = '', filter] = PATH.exec(text) ?? [];
  const [root, name = ''] = splitOnce(path);
  if (!path || (root === 'metadata' && !METADATA.has(name))) {
    throw invalid(
      field,
      `expected {{id}}, {{contentType}}, {{metadata.NAME}} or {{headers.NAME}}, each also with |path, but there is {{${text}}}`,
    );
  }
  return (message) => {
    const value = valueOf(message, root, name);
    if (!value) throw noTopic(message, field, `there is no ${path}`);
    if (!filter && value.includes('/')) {
      throw noTopic(
        message,
        field,
        `the value of ${path} has a /; write {{${path}|path}} to allow it`,
      );
    }
    if (/[+#\0]/.test(value)) throw noTopic(message, field, `the value of ${path} has +, # or NUL`);
    return value;
  };
}

function valueOf(message: Message, root: string, name: string): string | undefined {
  if (root === 'id') return message.id;
  if (root === 'contentType') return message.contentType;
  if (root === 'metadata') return message.metadata[name as keyof Message['metadata']];
  return Object.hasOwn(message.headers, name) ? message.headers[name] : undefined;
}

function splitOnce(path: string): [root: string, name?: string] {
  const dot = path.indexOf('.');
  return dot < 0 ? [path] : [path.slice(0, dot), path.slice(dot + 1)];
}

function invalid(field: string, text: string): PluginError {
  return new PluginError('INVALID_CONFIG', `${field}: ${text}`, { field });
}

function noTopic({ id }: Message, field: string, text: string): PluginError {
  return new PluginError('SEND_FAILED', `message ${id} cannot be sent to ${field}: ${text}`, {
    recoverable: false,
    reason: 'INVALID_DESTINATION',
  });
}
