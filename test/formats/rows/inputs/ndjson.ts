// Random objects of NDJSON, usual and mutated.

import { mutated, type Random } from '../oracle.js';
import { bytes, encoded, one } from './rows.js';
import { booleans, escapes, floats, longWords, times, wholes, words } from './values.js';

const lists = ['[]', '[1,"a"]', '[{"x":1}]', '{}', '[[', '"\\u00fc"'];
export const longKey = 'a_key_of_more_than_16_bytes';
/** A member; empty without a value. */
function member(key: string, value: string, next: Random): string[] {
  const blank = next(20) === 0 ? ' \t'.slice(next(2)) : '';
  return next(40) === 0 ? [] : [`"${key}"${blank}:${blank}${next(60) === 0 ? 'null' : value}`];
}

/** Returns objects with values of all kinds; every sixth is mutated. */
export function ndjsonRows(usual: readonly string[], next: Random): Buffer {
  const names = next(10) === 0 ? longWords : words;
  const text = (of: readonly string[]): string =>
    next(60) === 0 ? escapes[next(escapes.length)]! : JSON.stringify(one(of, next));
  const scalar = (of: readonly string[]): string => one(of, next) || '""';
  const time = (): string => {
    const value = one([...usual, ...times], next);
    return /^-?\d+$/.test(value) && next(4) > 0 ? value : JSON.stringify(value);
  };
  const object = (): string => {
    const members = [
      ...member('time', time(), next),
      ...member('host', text(names), next),
      ...member('kind', text(names), next),
      ...member('f', scalar(floats), next),
      ...member('i', scalar(wholes), next),
      ...member('gps', `{${[...member('lat', scalar(floats), next), ...member('ok', 'true', next)].join(',')}}`, next),
      ...member('b', scalar(['true', 'false', 'true', ...booleans]), next),
      ...member('s', text(words), next),
      ...member('u', scalar(wholes), next),
      ...member(longKey, scalar(floats), next),
      ...(next(20) === 0 ? member('l', lists[next(lists.length)]!, next) : []),
      ...(next(40) === 0 ? member(`late_${next(9)}`, scalar(floats), next) : []),
    ];
    if (next(10) === 0) members.sort();
    return `{${members.join(',')}}`;
  };
  const rows = Array.from({ length: 1 + next(60) }, () => {
    const row = `${next(20) === 0 ? ' ' : ''}${object()}${next(8) === 0 ? '\r' : ''}`;
    return next(6) === 0 ? mutated(Buffer.from(row), bytes, next) : encoded(row, next);
  });
  const texts = rows.flatMap((row) => [row, Buffer.from('\n')]);
  return Buffer.concat(next(10) === 0 ? texts.slice(0, -1) : texts);
}
