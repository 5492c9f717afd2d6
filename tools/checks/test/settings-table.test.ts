import { expect, test } from 'vitest';
import { settingsTable } from '../settings-table.ts';

test('an object with the same settings as one before is told to be so', () => {
  const limit = { properties: { max: { type: 'integer', description: 'Most of them.' } } };
  const table = settingsTable({
    properties: {
      limit: { type: 'object', description: 'How much.', ...limit },
      routes: { type: 'array', items: { type: 'object', properties: { limit } } },
    },
  });
  expect(table).toBe(
    `| setting | type | default | what it is |
| --- | --- | --- | --- |
| \`limit\` | object |  | How much. |
| \`limit.max\` | integer |  | Most of them. |
| \`routes\` | list of object |  |  |
| \`routes[].limit\` | any |  | Has what \`limit\` has. |
`,
  );
});

test('objects without settings are not compared', () => {
  const empty = { type: 'object', properties: {} };
  const table = settingsTable({ properties: { basic: empty, bearer: empty } });
  expect(table).toContain('| `bearer` | object |  |  |');
});
