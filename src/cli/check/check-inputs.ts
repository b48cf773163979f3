// What `check` says of inputs: one line each, what is wrong with them, and what rows were taken for.

import { count, plural, size } from '../../core/text.js';
import type { InputPrecision } from '../../core/types/index.js';
import type { InputLook } from '../../load/check.js';
import { row } from '../../reporting/summary.js';
import { aligned } from '../aligned.js';

const inputsShown = 20;
const mappingsShown = 3;
const tablesShown = 5;
const columnsShown = 40;
const sampleWidth = 40;
const perMs: Record<Exclude<InputPrecision, 's'>, bigint> = { ns: 1_000_000n, us: 1000n, ms: 1n };

/** All of few; of many those with trouble, then the first. */
export function inputLines(inputs: readonly InputLook[], precision: InputPrecision): string[] {
  const troubled = (look: InputLook): boolean => look.problem !== null || look.firstReject !== null;
  const byTrouble = [...inputs.filter(troubled), ...inputs.filter((look) => !troubled(look))];
  const shown = inputs.length <= inputsShown ? inputs : byTrouble.slice(0, inputsShown);
  const cells = shown.map((look) => [
    count(look.points),
    count(Object.values(look.rejects).reduce((sum, n) => sum + n, 0)),
    look.compression === 'none' ? look.format : `${look.format}, ${look.compression}`,
    look.whole ? 'all of it' : size(look.bytes),
    plural(look.tables.length, 'table'),
    look.name,
  ]);
  const lines = aligned([['points', 'rejected', 'format', 'looked at', 'into', 'input'], ...cells], 2);
  const more = inputs.length - shown.length;
  return [
    ...lines.map((line) => `  ${line}`),
    ...(more > 0 ? [`  and ${plural(more, 'more input')}, which --summary - lists`] : []),
    ...shown.flatMap(rejectLines),
    ...timeLines(inputs, precision),
  ];
}

function rejectLines({ rejects, firstReject }: InputLook): string[] {
  if (firstReject === null) return [];
  const found = Object.entries(rejects).map(([reason, n]) => `${count(n)} × ${reason}`);
  return [row('rejected', `${found.join(', ')}; first: ${firstReject}`)];
}

function timeLines(inputs: readonly InputLook[], precision: InputPrecision): string[] {
  const times = inputs.flatMap(({ time }) => (time === null ? [] : [time.first, time.last]));
  if (times.length === 0) return [];
  const sorted = times.toSorted((a, b) => (a < b ? -1 : Number(a > b)));
  const [from, to] = [sorted[0]!, sorted.at(-1)!].map((time) => moment(time, precision));
  return [row('times', `${from} … ${to} UTC, read as ${precision}`)];
}

function moment(time: bigint, precision: InputPrecision): string {
  const date = new Date(Number(precision === 's' ? time * 1000n : time / perMs[precision]));
  return Number.isNaN(date.getTime()) ? `${time}` : date.toISOString().slice(0, 19).replace('T', ' ');
}

/** Inputs that were taken for the same are told of once. */
export function mappingParts(inputs: readonly InputLook[]): string[][] {
  const kinds = new Map<string, { names: string[]; mapping: MappingLine }>();
  for (const { name, mapping } of inputs) {
    if (mapping === null) continue;
    const key = JSON.stringify(
      mapping.tables.map(({ table, columns }) => [table, columns.map((each) => [each.name, each.type])]),
    );
    const known = kinds.get(key);
    if (known === undefined) kinds.set(key, { names: [name], mapping });
    else known.names.push(name);
  }
  const shown = [...kinds.values()].slice(0, mappingsShown);
  const more = kinds.size - shown.length;
  return [
    ...shown.map(({ names, mapping }) => {
      const others = names.length > 1 ? ` and of ${plural(names.length - 1, 'other')}` : '';
      return [`Rows of ${names[0]}${others} are taken for`, ...mappingLines(mapping)];
    }),
    ...(more > 0 ? [[`Rows of other inputs are taken for ${more} more mappings, which --summary - lists`]] : []),
  ];
}

type MappingLine = NonNullable<InputLook['mapping']>;

function mappingLines({ tables, options: said, possibleTags }: MappingLine): string[] {
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
    ...(said === null ? [] : ['  types are those of the first values; to say them:', `      ${said}`]),
    ...(possibleTags.length === 0
      ? []
      : [`  strings of few values, which may be meant as tags: --tags ${possibleTags.join(',')}`]),
  ];
}
