import { afterAll, beforeAll } from 'vitest';
import { needs } from '../../../../tools/testing/require-program.ts';
import { buildGoPrograms } from '../support/go-program.ts';

export const hasGo: boolean = needs('go');

/** The example plugins that go-plugin itself ships, and what they share with their hosts. */
export const examples = 'github.com/hashicorp/go-plugin/examples';
export const examplesHandshake = {
  protocolVersion: 1,
  magicCookieKey: 'BASIC_PLUGIN',
  magicCookieValue: 'hello',
};

/**
 * Builds Go programs for one test file: packages of the conformance module, or of its dependencies. To be called before
 * `usePlugins`, whose temporary directory has to stay empty.
 */
export function useGoPrograms(...packages: string[]): (index?: number) => string {
  let built: ReturnType<typeof buildGoPrograms> | undefined;
  beforeAll(() => {
    if (hasGo) built = buildGoPrograms(...packages);
  }, 300_000);
  afterAll(() => built?.remove());
  return (index = 0) => {
    const path = built?.paths[index];
    if (path === undefined) throw new Error(`no Go program ${index} was built`);
    return path;
  };
}
