import { describe, expect, test } from 'vitest';
import type { TargetColumn } from '../../../src/core/types/index.js';
import { csvPoints, selectList } from '../../../src/targets/http/csv-points.js';

const table = 'cpu load';
const columns: TargetColumn[] = [
  { table, name: 'usage', type: 'float' },
  { table, name: 'host', type: 'tag' },
  { table, name: 'n', type: 'integer' },
  { table, name: 'u', type: 'unsigned' },
  { table, name: 'on', type: 'boolean' },
  { table, name: 'note', type: 'string' },
];
const header = 'host,usage,n,u,on,absent 5,note,time\n';

async function pointsOf(csv: string, chunkBytes = csv.length): Promise<string> {
  const bytes = Buffer.from(csv);
  async function* chunks(): AsyncGenerator<Uint8Array, void> {
    for (let at = 0; at < bytes.length; at += chunkBytes)
      yield await Promise.resolve(bytes.subarray(at, at + chunkBytes));
  }
  let text = '';
  for await (const points of csvPoints(table, columns, chunks(), (found) => new Error(found))) {
    text += Buffer.from(points).toString();
  }
  return text;
}

test('the columns are selected in the order in which they are read', () => {
  expect(selectList(columns, (name) => `"${name}"`)).toBe(
    '"host", "usage", "n", "u", "on", "note" IS NULL AS "absent 5", "note", time',
  );
});

describe('rows become line protocol', () => {
  const rows: readonly (readonly [string, string, string])[] = [
    [
      'every type',
      'a,12.5,-5,18446744073709551615,true,false,ok,2022-01-01T00:00:00.000000001',
      'cpu\\ load,host=a usage=12.5,n=-5i,u=18446744073709551615u,on=true,note="ok" 1640995200000000001',
    ],
    ['nulls and a missing tag', ',1e300,,,,true,,2022-01-01T00:00:00', 'cpu\\ load usage=1e300 1640995200000000000'],
    ['an empty string', 'a,,,,,false,,1970-01-01T00:00:00Z', 'cpu\\ load,host=a note="" 0'],
    [
      'quotes, commas and line breaks in a string',
      'a,,,,,false,"he ""said"", \\\nso",2022-01-01T00:00:00.5',
      'cpu\\ load,host=a note="he \\"said\\", \\\\\nso" 1640995200500000000',
    ],
    [
      'special characters in a tag',
      '"x y,z=1",1,,,,true,,2022-01-01T00:00:00',
      'cpu\\ load,host=x\\ y\\,z\\=1 usage=1 1640995200000000000',
    ],
    [
      'no value at all, as after the columns were dropped',
      'a,,,,,true,,2022-01-01T00:00:00\na,1,,,,true,,2022-01-01T00:00:01',
      'cpu\\ load,host=a usage=1 1640995201000000000',
    ],
    ['a time before 1970', 'a,1,,,,true,,1969-12-31T23:59:59.999999999', 'cpu\\ load,host=a usage=1 -1'],
  ];

  test.each(rows)('%s', async (_, row, point) => {
    expect(await pointsOf(`${header}${row}\n`)).toBe(`${point}\n`);
  });

  test('chunks may end anywhere', async () => {
    const csv = header + rows.map(([, row]) => `${row}\r\n`).join('');
    const points = rows.map(([, , point]) => `${point}\n`).join('');
    for (const size of [1, 2, 3, 7, 64]) expect(await pointsOf(csv, size)).toBe(points);
  });
});

test.each([
  [
    'an error in the middle',
    `${header}{"error_code":"010001","error_message":"Resources exhausted"}`,
    'Resources exhausted',
  ],
  ['a row that is cut', `${header}a,1,,,,true,,2022-01-01T00`, '2022-01-01T00'],
  ['a row with more cells', `${header}a,1,,,,true,,2022-01-01T00:00:00,7\n`, '2022-01-01T00:00:00,7'],
  ['a number that holds a quote', `${header}a,"""1",,,,true,,2022-01-01T00:00:00\n`, '"\\"1" for a value'],
  ['a value with a line end', `${header}a,"1\n2",,,,true,,2022-01-01T00:00:00\n`, '"1\\n2" for a value'],
  ['a day that no calendar has', `${header}a,1,,,,true,,2022-13-01T00:00:00\n`, '"2022-13-01T00:00:00" for a time'],
  [
    'letters in a later time',
    `${header}a,1,,,,true,,2022-01-01T00:00:00\na,1,,,,true,,2022-01-01Tab:cd:ef\n`,
    '"2022-01-01Tab:cd:ef" for a time',
  ],
  [
    'letters in a fraction',
    `${header}a,1,,,,true,,2022-01-01T00:00:00\na,1,,,,true,,2022-01-01T00:00:00.x\n`,
    '00.x" for a time',
  ],
  ['another column for the time', `${header}a,1,,,,true,,7\n`, '"7" for a time'],
])('a response with %s fails', async (_, csv, message) => {
  await expect(pointsOf(csv)).rejects.toThrow(message);
});
