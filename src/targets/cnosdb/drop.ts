// Dropping the database that is to be created anew: only ever on explicit demand, and never without saying what goes.

import { RefusedError } from '../../core/errors.js';
import type { Verdict } from '../../core/types/index.js';
import type { CnosdbOptions } from '../http/types.js';
import { askSql, type QueryContext, remedy, sentence } from './ask-sql.js';
import { columnsOf, columnsQuestion } from './database-settings.js';
import { guardRefusals, isMissing, probe, quoted } from './probe.js';

/** As with a creation, the other nodes hear of it later. */
const spreadMs = 10_000;
const spreadAgainMs = 200;
const mostNamed = 5;

/**
 * Drops it where any endpoint has it; resolves once all miss it, with what each then says to an empty write.
 * Throws RefusedError, UnavailableError, or the signal's reason.
 */
export async function describeDrop(
  asking: QueryContext,
  options: CnosdbOptions,
  found: readonly Verdict[],
): Promise<Verdict[]> {
  const order = found.flatMap((verdict, index) => (verdict.kind === 'accepted' ? [index] : []));
  if (order.length === 0) return [...found];
  const name = quoted(options.db);
  options.notify?.({ level: 'warn', kind: 'drop', message: await farewell(asking, options, order) });
  const told = await askSql(asking, order, `DROP DATABASE ${name}`);
  const attempted = `dropping database ${name} on ${asking.shown[order[0]]}`;
  if ('rejected' in told)
    throw new RefusedError(
      sentence(attempted, 'expected it to be dropped', `got ${told.rejected}`, remedy(told.rejected)),
    );
  const until = asking.clock.monotonic() + spreadMs;
  for (;;) {
    const now = await probe(asking);
    asking.signal.throwIfAborted();
    guardRefusals(asking, options, now);
    if (!now.some((verdict) => verdict.kind === 'accepted') && now.some(isMissing)) return now;
    if (asking.clock.monotonic() >= until)
      throw new RefusedError(
        sentence(
          attempted,
          `expected it gone within ${spreadMs / 1000}s`,
          'got writes to it acknowledged',
          'stop what else writes to it; are these nodes of one cluster? see --url',
        ),
      );
    await asking.clock.sleep(spreadAgainMs, asking.signal);
  }
}

async function farewell(asking: QueryContext, { db }: CnosdbOptions, order: readonly number[]): Promise<string> {
  const told = await askSql(asking, order, columnsQuestion(db));
  const tables = [...new Set('rows' in told ? columnsOf(told.rows).map(({ table }) => table) : [])].sort();
  const more = tables.length > mostNamed ? ', …' : '';
  const names = tables.length === 0 ? '' : ` (${tables.slice(0, mostNamed).join(', ')}${more})`;
  return `dropping database ${quoted(db)} and all that is in it: ${tables.length} table${tables.length === 1 ? '' : 's'}${names}`;
}
