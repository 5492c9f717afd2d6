import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { configOf, launchMemory, messageOf, runFromSource } from './fixtures/launch.ts';

const readme = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8');

test("the README's connector runs as it stands there", async () => {
  const code = /```ts\n\/\/ connector\.ts\n(.*?)\n\/\/ main\.ts\n(.*?)```/s.exec(readme);
  const [, connector, main] = code ?? [];
  const folder = mkdtempSync(join(import.meta.dirname, 'readme-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'connector.ts'), connector ?? '');
  writeFileSync(join(folder, 'main.ts'), main ?? '');

  const { node, metadata } = await launchMemory({
    args: [...runFromSource, join(folder, 'main.ts')],
  });
  expect(metadata).toMatchObject({ name: 'printer-connector', supportedTypes: ['printer'] });
  await node.connect(configOf('printer'));
  expect((await node.send(messageOf('hello'))).messageId).toBe('id-hello');
});
