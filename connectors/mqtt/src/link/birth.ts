import type { Link } from './link.ts';
import type { LinkSettings } from './settings.ts';

/** Publishes the birth message, if there is one; gives the broker's reason code. */
export async function announce(
  link: Link,
  birth: LinkSettings['birth'],
): Promise<number | undefined> {
  if (!birth) return undefined;
  const { topic, payload, qos, retain } = birth;
  const message = { topic, payload: Buffer.from(payload), qos: qos as 0 | 1 | 2, retain };
  return new Promise((resolve) => link.publish(message, resolve));
}
