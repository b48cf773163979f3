import { expect, test } from 'vitest';
import type { PointValues } from '../../../src/core/types/index.js';
import { Cnosdb } from '../../../src/targets/cnosdb/cnosdb.js';
import { verdicts } from '../../../src/targets/cnosdb/cnosdb-verdicts.js';
import { scriptedQueryClient } from '../../support/targets/query-client.js';
import { targetDeps } from '../../support/targets/target-deps.js';

const point = (field: string): PointValues => ({
  table: 'm',
  time: 1_640_995_200_000_000_000n,
  tags: new Map([['t', 'a']]),
  fields: new Map([[field, 1.5]]),
});

test('reading points back describes a table once, and again for a field that it did not have', async () => {
  const statements: string[] = [];
  const fields = ['f'];
  const query = scriptedQueryClient(
    ({ body }) => {
      const statement = String(body);
      statements.push(statement);
      const column = (name: string, type: string, data: string) => ({
        column_name: name,
        column_type: type,
        data_type: data,
      });
      const columns = [column('t', 'TAG', 'STRING'), ...fields.map((name) => column(name, 'FIELD', 'DOUBLE'))];
      const row = { time: '2022-01-01T00:00:00', t: 'a', ...Object.fromEntries(fields.map((name) => [name, 1.5])) };
      return { status: 200, body: JSON.stringify(statement.startsWith('DESCRIBE') ? columns : [row]) };
    },
    { verdicts },
  );
  const target = new Cnosdb(targetDeps([]));
  const described = (): number => statements.filter((each) => each.startsWith('DESCRIBE')).length;
  for (let i = 0; i < 3; i += 1) expect(await target.readBack(query, [point('f')])).toEqual([point('f')]);
  expect(described()).toBe(1);
  fields.push('g');
  await target.readBack(query, [point('g')]);
  expect(described()).toBe(2);
});
