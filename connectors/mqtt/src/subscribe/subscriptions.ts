import { PluginError } from '@vrsky/runtime';
import { subscriptionError } from '../errors.ts';
import type { Link } from '../link/link.ts';
import type { Subscription } from '../link/packets.ts';
import { filterProblem } from '../link/topic.ts';
import type { SubscribeSettings } from './settings.ts';

/** @throws PluginError INVALID_CONFIG */
export function subscriptionsOf(settings: SubscribeSettings): Subscription[] {
  const { subscriptions, sharedGroup, retained, protocolVersion } = settings;
  return subscriptions.map((subscription, i) => {
    const { filter, subscriptionId, ...rest } = subscription;
    const field = `settings.subscriptions[${i}]`;
    const problem = filterProblem(filter);
    if (problem) throw invalid(`${field}.filter`, `expected a topic filter, but ${problem}`);
    if (sharedGroup && rest.noLocal) {
      throw invalid(`${field}.noLocal`, 'expected false, because settings.sharedGroup is set');
    }
    return {
      ...rest,
      qos: rest.qos as 0 | 1 | 2,
      filter: sharedGroup ? `$share/${sharedGroup}/${filter}` : filter,
      ...(retained === 'skip' && { retainHandling: 2 }),
      ...(subscriptionId && protocolVersion === 5 && { subscriptionId }),
    };
  });
}

/**
 * Subscribes to all of them. A session that the broker has kept knows them already: its retained
 * messages are not asked for once more.
 * @returns the filters with less than the QoS they asked for
 * @throws PluginError for the first that is refused
 */
export async function subscribeAll(
  link: Link,
  subscriptions: readonly Subscription[],
): Promise<string[]> {
  const codes = await Promise.all(
    subscriptions.map((subscription) => {
      const { retainHandling } = subscription;
      const again = link.sessionPresent && retainHandling === 0;
      return link.subscribe(again ? { ...subscription, retainHandling: 1 } : subscription);
    }),
  );
  return subscriptions.flatMap(({ filter, qos }, i) => {
    const code = codes[i] ?? 0x80;
    if (code >= 0x80) throw subscriptionError(code, filter, `settings.subscriptions[${i}].filter`);
    return code < qos ? [filter] : [];
  });
}

function invalid(field: string, text: string): PluginError {
  return new PluginError('INVALID_CONFIG', `${field}: ${text}`, { field });
}
