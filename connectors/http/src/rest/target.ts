import { randomUUID } from 'node:crypto';
import { type Message, PluginError } from '@vrsky/runtime';
import { parseHttpUrl } from '../url.ts';
import type { AddressGuard } from './address-guard.ts';
import type { RestSettings } from './settings.ts';
import { escapeUri, parseTemplate, render, type Template } from './template.ts';

/** Where one request goes. */
export interface Location {
  readonly origin: string;
  /** With the query. */
  readonly path: string;
}

/** Where the messages of a connection go. */
export interface Target {
  /** Every origin that there can be; one, unless the host is a template. */
  readonly origins: readonly URL[];
  /** @throws PluginError INVALID_MESSAGE, BLOCKED_DESTINATION */
  locate(message: Message): Location;
}

const FIELD = 'settings.url';
/** A segment that would lead out of the path of the settings, however its dots are written. */
const DOT_SEGMENT = /(?:^|\/)(?:\.|%2e){1,2}(?:\/|$)/i;

/**
 * Compiles `settings.url` and `settings.query`.
 * @param secretQuery an API key that goes into the query
 * @throws PluginError INVALID_CONFIG or BLOCKED_DESTINATION, without the URL: it may hold secrets
 */
export function compileTarget(
  settings: Pick<RestSettings, 'url' | 'query' | 'allowedHosts'>,
  guard: AddressGuard,
  secretQuery: Readonly<Record<string, string>> = {},
): Target {
  const template = parseTemplate(settings.url, FIELD);
  const { url, split } = parseWithMarks(template);
  const host = split(url.host);
  const path = split(url.pathname);
  const query = compileQuery(split(url.search), settings.query, secretQuery);
  const origins = possibleOrigins(url, host, settings.allowedHosts);
  for (const { hostname } of origins) {
    const blocked = guard.check(hostname, FIELD);
    if (blocked) throw blocked;
  }
  return { origins, locate: locator(url, host, path, query, origins) };
}

/** Parses the URL with a mark in place of each placeholder, so that it is checked as a whole. */
function parseWithMarks({ literals, placeholders }: Template): {
  url: URL;
  split: (part: string) => Template;
} {
  const mark = `x${randomUUID().replaceAll('-', '')}x`;
  const text = literals.reduce((before, literal, i) => `${before}${mark}${i - 1}x${literal}`);
  const url = parseHttpUrl(text, FIELD);
  const marks = new RegExp(`${mark}(\\d+)x`, 'g');
  const split = (part: string): Template => {
    const parts = part.split(marks);
    return {
      literals: parts.filter((_, i) => i % 2 === 0),
      placeholders: parts
        .filter((_, i) => i % 2 === 1)
        .flatMap((index) => placeholders[Number(index)] ?? []),
    };
  };
  return { url, split };
}

/** The query of the URL, then the parameters, then the secret ones. */
function compileQuery(
  search: Template,
  parameters: RestSettings['query'],
  secret: Readonly<Record<string, string>>,
): Template {
  const literals = [...search.literals];
  const placeholders = [...search.placeholders];
  const append = (text: string): void => {
    literals.push(`${literals.pop() ?? ''}${text}`);
  };
  const separate = (): void => append(literals.length > 1 || literals[0] ? '&' : '?');
  for (const [name, value] of Object.entries(parameters)) {
    const template = parseTemplate(value, `settings.query.${name}`);
    separate();
    append(`${escapeUri(name)}=`);
    const [first = '', ...others] = template.literals.map(escapeUri);
    append(first);
    literals.push(...others);
    placeholders.push(...template.placeholders);
  }
  for (const [name, value] of Object.entries(secret)) {
    separate();
    append(`${escapeUri(name)}=${escapeUri(value)}`);
  }
  return { literals, placeholders };
}

function possibleOrigins(url: URL, host: Template, allowed: RestSettings['allowedHosts']): URL[] {
  if (host.placeholders.length === 0) return [new URL(url.origin)];
  if (!allowed) {
    const text = `${FIELD}: its host may be a template only with settings.allowedHosts`;
    throw new PluginError('INVALID_CONFIG', text, { field: FIELD });
  }
  return allowed.map((one, i) => {
    const origin = URL.parse(`${url.protocol}//${one}`);
    if (origin && origin.href === `${origin.origin}/`) return origin;
    const field = `settings.allowedHosts[${i}]`;
    const text = `${field}: expected a host name or address, with a port if it is not the usual one`;
    throw new PluginError('INVALID_CONFIG', text, { field });
  });
}

function locator(
  url: URL,
  host: Template,
  path: Template,
  query: Template,
  origins: readonly URL[],
): Target['locate'] {
  const dynamic = path.placeholders.length > 0;
  const fixedOrigin = host.placeholders.length === 0 ? url.origin : undefined;
  const byHost = new Map(origins.map((origin) => [origin.host, origin.origin]));
  return (message) => {
    const origin = fixedOrigin ?? byHost.get(hostOf(host, message));
    if (!origin) {
      const text = 'the message leads to a host that is not among settings.allowedHosts';
      throw new PluginError('BLOCKED_DESTINATION', text, { field: 'settings.allowedHosts' });
    }
    const route = render(path, message, escapeUri);
    if (dynamic && DOT_SEGMENT.test(route)) {
      const text = `${FIELD}: a value of the message would lead out of the path, with "." or ".."`;
      throw new PluginError('INVALID_MESSAGE', text, { field: FIELD });
    }
    return { origin, path: route + render(query, message, escapeUri) };
  };
}

function hostOf(host: Template, message: Message): string {
  return render(host, message, (value) => value.toLowerCase());
}
