// Options with values that nobody means: each is accepted or a usage error that says what is wrong, never a defect.

import { expect, test } from 'vitest';
import { resolve } from '../../src/config/resolve.js';
import { UsageError } from '../../src/core/errors.js';
import { options } from '../../src/load/option-table.js';
import { randomFrom } from '../support/data/mutations.js';
import { oddTexts } from '../support/data/odd-texts.js';
import { casesOf } from '../support/effort.js';

/** `npm run soak` tries all of them. */
const sets = casesOf(5000, 100);

const circular: { self?: object } = {};
circular.self = circular;
const unserializable = {
  toJSON: () => {
    throw new Error('not shown');
  },
};
/** Values that only a program can give. */
const others = [null, -1, 1.5, Number.NaN, 1n, true, [], {}, [null], Symbol('x'), () => 1, new Date(Number.NaN)];
const objects = [Buffer.from('x'), new Map(), Object.create(null), circular, unserializable];

test(`${sets} sets of values end with settings or a usage error`, { timeout: sets * 500 }, async () => {
  const random = randomFrom(17);
  const pick = <T>(from: readonly T[]): T => from[random(from.length)]!;
  const outcomes: string[] = [];
  for (let i = 0; i < sets; i += 1) {
    const flags: Record<string, unknown> = { db: 'db' };
    const env: Record<string, string> = {};
    for (let left = 1 + random(3); left > 0; left -= 1) {
      const { key } = pick(options.rows);
      const text = random(2) === 0 ? pick(oddTexts) : `${pick(oddTexts)}${pick(oddTexts)}`;
      const variable = `BULK_LOAD_${key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
      if (random(5) === 0) env[variable] = text.replaceAll('\0', '');
      else flags[key] = random(5) === 0 ? pick([...others, ...objects]) : text;
    }
    const outcome = await resolve(options, { flags, env }).then(
      () => 'settings',
      (error: unknown) => (error instanceof UsageError && error.message !== '' ? 'usage' : `${i}: ${String(error)}`),
    );
    outcomes.push(outcome);
  }
  expect(outcomes.filter((outcome) => outcome !== 'settings' && outcome !== 'usage')).toEqual([]);
  expect(new Set(outcomes)).toEqual(new Set(['settings', 'usage']));
});

test.each([
  ['ca', Object.create(null)],
  ['tags', circular],
  ['measurement', unserializable],
])('an object that cannot be shown as the value of %s is a usage error', async (key, value) => {
  await expect(resolve(options, { flags: { db: 'db', [key]: value }, env: {} })).rejects.toThrow(UsageError);
});
