import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { pointValues } from '../../../src/core/points/line-protocol.js';
import { casesOf } from '../../support/effort.js';
import { csv, field, type Options, sent, tag } from '../rows/support.js';

function fixture(name: string): Buffer {
  return readFileSync(new URL(`../../../fixtures/cases/${name}`, import.meta.url));
}

/** Servers read a backslash before a quote in different ways, so no row holds one. */
const withoutUnloadable = (text: string): string => text.replace(/\\+"/g, '"');

const copyText: Partial<Options> = { escape: '\\', quote: null };
const sizes = Array.from({ length: 4000 }, (_, i) => 1 + ((i * 7) % 13));

test('COPY text of Postgres is read with its escapes, and \\N is no value', async () => {
  for (const chunks of [[], sizes]) {
    expect(
      await sent(csv({ ...copyText, tags: [tag('host')] }, 'tsv'), fixture('postgres-copy-text.tsv'), chunks),
    ).toEqual({
      points: ['m,host=a s="C:\\\\dir\txN" 1704164645000000000', 'm,host=a s="\\"hello" 1704164646000000000'],
      rejects: ['3 no-fields'],
    });
  }
});

test('quotes after backslashes belong to the cell with --escape', async () => {
  for (const chunks of [[], sizes]) {
    const { points, rejects } = await sent(csv({ escape: '\\' }), fixture('backslash-quote.csv'), chunks);
    expect(rejects).toEqual([]);
    expect(points.map((point) => pointValues(Buffer.from(point), 'ns').fields.get('map'))).toEqual([
      '{"1":505,"2":504}',
      'plain',
      '"',
      'ok',
      'a",b',
      'ok',
    ]);
  }
});

/** Writes a text as SELECT INTO OUTFILE of MySQL and COPY of Postgres do. */
const writers: Readonly<
  Record<string, readonly [name: 'csv' | 'tsv', options: Partial<Options>, write: (text: string) => string]>
> = {
  'COPY text of Postgres': [
    'tsv',
    copyText,
    (text) =>
      text
        .replaceAll('\\', '\\\\')
        .replace(/[\b\t\n\v\f\r]/g, (control) => `\\${'btnvfr'['\b\t\n\v\f\r'.indexOf(control)]}`),
  ],
  'files of MySQL': ['tsv', copyText, (text) => text.replace(/[\\\t\n\r]/g, '\\$&')],
  'quoted files of MySQL': ['csv', { escape: '\\' }, (text) => `"${text.replace(/[\\"\n]/g, '\\$&')}"`],
  'files with a pipe and no quotes': [
    'csv',
    { ...copyText, delimiter: '|' },
    (text) => text.replace(/[\\|\n]/g, '\\$&'),
  ],
  'another escape': ['csv', { escape: '^' }, (text) => `"${text.replace(/[\^"]/g, '^$&')}"`],
};

test.each(Object.entries(writers))(
  'any text survives %s, whole or in parts, with and without the kernel',
  async (_, [name, options, write]) => {
    const texts = fc.array(
      fc
        .string({
          unit: fc.constantFrom('a', 'N', '\\', '"', '\t', '\n', '\r', '|', ',', '^', 't', 'n', 'é'),
          maxLength: 8,
        })
        .map(withoutUnloadable),
      {
        minLength: 1,
        maxLength: 12,
      },
    );
    const delimiter = options.delimiter ?? (name === 'tsv' ? '\t' : ',');
    await fc.assert(
      fc.asyncProperty(texts, fc.boolean(), fc.boolean(), async (all, inParts, kernel) => {
        const file = all.map((text, i) => `${i + 1}${delimiter}${write(text)}${delimiter}1\n`).join('');
        const format = csv(
          { ...options, fields: [field('s', 'string'), field('v')], ...(kernel ? {} : { kernel: false as const }) },
          name,
        );
        const { points, rejects } = await sent(
          format,
          `${['time', 's', 'v'].join(delimiter)}\n${file}`,
          inParts ? sizes : [],
        );
        expect(rejects).toEqual([]);
        expect(points.map((point) => pointValues(Buffer.from(point), 'ns').fields.get('s') ?? '')).toEqual(all);
      }),
      { numRuns: casesOf(60) },
    );
  },
);

test('quoted files keep backslashes that escape nothing', async () => {
  const text = 'time,s,t\n1,"C:\\new","a\\\\b"\n2,C:\\new,x\n';
  expect((await sent(csv({ escape: '\\' }), text)).points).toEqual([
    'm s="C:\\\\new",t="a\\\\b" 1',
    'm s="C:\\\\new",t="x" 2',
  ]);
});

test('a line end after an escape counts as a line', async () => {
  const format = csv({ ...copyText, fields: [field('s', 'string')] }, 'tsv');
  expect(await sent(format, 'time\ts\n1\ta\\\nb\nx\tc\n', sizes)).toEqual({
    points: ['m s="a\nb" 1'],
    rejects: ['4 bad-timestamp'],
  });
});

test('--escape with the quote itself means doubled quotes', async () => {
  expect((await sent(csv({ escape: '"' }), 'time,s\n1,"a""b\\"\n')).points).toEqual(['m s="a\\"b\\\\" 1']);
});

test('a file that looks escaped is named with the option that reads it', async () => {
  const advised = async (name: 'csv' | 'tsv', text: string, options: Partial<Options> = {}): Promise<string | null> => {
    const format = csv(options, name);
    await sent(format, text);
    return format.advice;
  };
  expect(await advised('tsv', fixture('postgres-copy-text.tsv').toString())).toBe(
    "holds \\N, which bulk-load reads literally; if the backslash is an escape character, add --escape '\\' --quote none",
  );
  expect(await advised('csv', fixture('backslash-quote.csv').toString())).toBe(
    "holds \\\", which bulk-load reads literally; if the backslash is an escape character, add --escape '\\'",
  );
  expect(await advised('tsv', 'time\ts\n1\ta\\tb\n')).toContain('holds \\t,');
  expect(await advised('csv', 'time,s,v\n1,\\N,2\n')).toContain('--escape');
  const plainTexts = [
    'time,s\n1,a\n',
    'time,s,t\n1,"C:\\","b"\n',
    'time,s,t\n1,"a\\""b","c"\n',
    'time,s\n1,C:\\new\\data\n',
  ];
  for (const text of plainTexts) expect(await advised('csv', text)).toBeNull();
  expect(await advised('tsv', 'time\ts\n1\tC:\\temp\\data\n')).toBeNull();
  expect(await advised('tsv', 'time\ts\n1\t\\N\n2\ta\n', copyText)).toBeNull();
});

test('the error with which a Flux query ended is reported after the rows before it', async () => {
  for (const chunks of [[], sizes])
    await expect(sent(csv(), fixture('flux-error-table.csv'), chunks)).rejects.toThrow(
      'found the error of the server: runtime error: timeout (reference 897)',
    );
});
