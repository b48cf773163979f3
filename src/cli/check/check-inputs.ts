// Renders the inputs on the page of `check`: one line for each input, its problem, and the mapping of its rows.

import { aligned, count, plural, size } from '../../core/text.js';
import type { InputPrecision } from '../../core/types/index.js';
import { unitsPerMs } from '../../core/units.js';
import type { ParsedHead } from '../../load/stages/input-head.js';
import { row } from '../../reporting/summary.js';

const inputsShown = 20;
const mappingsShown = 3;
const tablesShown = 5;
const columnsShown = 40;
const sampleWidth = 40;

/** Lists up to 20 inputs. If there are more inputs, inputs with problems come first. */
export function inputLines(inputs: readonly ParsedHead[], precision: InputPrecision): string[] {
  if (inputs.length === 0) return [];
  const hasProblem = (head: ParsedHead): boolean => head.problem !== null || head.firstReject !== null;
  const problemsFirst = [...inputs.filter(hasProblem), ...inputs.filter((head) => !hasProblem(head))];
  const shown = inputs.length <= inputsShown ? inputs : problemsFirst.slice(0, inputsShown);
  const cells = shown.map((look) => [
    count(look.points),
    count(Object.values(look.rejects).reduce((sum, n) => sum + n, 0)),
    look.compression === 'none' ? look.format : `${look.format}, ${look.compression}`,
    look.whole ? 'all of it' : size(look.bytes),
    plural(look.tables.length, 'table'),
    look.name,
  ]);
  const lines = aligned([['points', 'rejected', 'format', 'parsed', 'into', 'input'], ...cells], 2);
  const more = inputs.length - shown.length;
  return [
    ...lines.map((line) => `  ${line}`),
    ...(more > 0 ? [`  and ${plural(more, 'more input')}; --summary - lists all inputs`] : []),
    ...shown.flatMap(rejectLines),
    ...shown.flatMap(({ advice }) => (advice === null ? [] : [row('WARNING', advice)])),
    ...timeLines(inputs, precision),
  ];
}

function rejectLines({ rejects, firstReject }: ParsedHead): string[] {
  if (firstReject === null) return [];
  const found = Object.entries(rejects).map(([reason, n]) => `${count(n)} × ${reason}`);
  return [row('rejected', `${found.join(', ')}; first: ${firstReject}`)];
}

function timeLines(inputs: readonly ParsedHead[], precision: InputPrecision): string[] {
  const times = inputs.flatMap(({ time }) => (time === null ? [] : [time.first, time.last]));
  if (times.length === 0) return [];
  const sorted = times.toSorted((a, b) => (a < b ? -1 : Number(a > b)));
  const [from, to] = [sorted[0]!, sorted.at(-1)!].map((time) => timeText(time, precision));
  return [row('times', `${from} … ${to} UTC, read as ${precision}`)];
}

function timeText(time: bigint, precision: InputPrecision): string {
  const date = new Date(Math.floor(Number(time) / unitsPerMs[precision]));
  return Number.isNaN(date.getTime()) ? `${time}` : date.toISOString().slice(0, 19).replace('T', ' ');
}

/** Shows each distinct mapping once, with the number of inputs that have this mapping. */
export function mappingParts(inputs: readonly ParsedHead[]): string[][] {
  const kinds = new Map<string, { names: string[]; mapping: RowMapping }>();
  for (const { name, mapping } of inputs) {
    if (mapping === null) continue;
    const columns = mapping.tables.map(({ table, columns: all }) => [table, all.map((each) => [each.name, each.type])]);
    const key = JSON.stringify(columns);
    const known = kinds.get(key);
    if (known === undefined) kinds.set(key, { names: [name], mapping });
    else known.names.push(name);
  }
  const shown = [...kinds.values()].slice(0, mappingsShown);
  const more = kinds.size - shown.length;
  return [
    ...shown.map(({ names, mapping }) => {
      const others = names.length > 1 ? ` and ${plural(names.length - 1, 'other input')}` : '';
      return [`Rows of ${names[0]}${others} are mapped to`, ...mappingLines(mapping)];
    }),
    ...(more > 0 ? [[`Other inputs have ${plural(more, 'other mapping')}; --summary - lists all mappings`]] : []),
  ];
}

type RowMapping = NonNullable<ParsedHead['mapping']>;

function mappingLines({ tables, options, possibleTags }: RowMapping): string[] {
  const shown = tables.slice(0, tablesShown).flatMap(({ table, columns }) => {
    const more = columns.length - columnsShown;
    const cells = columns.slice(0, columnsShown).map(({ name, type, sample }) => {
      const value = sample.length > sampleWidth ? `${sample.slice(0, sampleWidth)}…` : sample;
      return [`    ${name}`, type, `such as ${JSON.stringify(value)}`];
    });
    return [`  table ${table}`, ...aligned(cells), ...(more > 0 ? [`    and ${plural(more, 'more column')}`] : [])];
  });
  const more = tables.length - tablesShown;
  return [
    ...shown,
    ...(more > 0 ? [`  and ${plural(more, 'more table')}`] : []),
    ...(options === null ? [] : ['  The first values decide the types. To declare the types:', `      ${options}`]),
    ...(possibleTags.length === 0
      ? []
      : [`  String columns with few distinct values could be tags: --tags ${possibleTags.join(',')}`]),
  ];
}
