// `bulk-load plan`: cuts the inputs into pieces, creates tables and columns, and writes the plan that every shard
// reads.

import type { Settings } from '../../config/settings.js';
import { UsageError } from '../../core/errors.js';
import { count, plural, printable, size } from '../../core/text.js';
import { clock } from '../../core/time/system-clock.js';
import type { Notice } from '../../core/types/index.js';
import { version } from '../../core/version.js';
import { type FleetPlan, writePlan } from '../../fleet/plan-file.js';
import { residentMemory } from '../../flow-control/own-memory/resident.js';
import { expand } from '../../inputs/expand.js';
import { createTarget } from '../../load/create-target.js';
import { planLoad } from '../../load/fleet/plan-load.js';
import { options } from '../../load/option-table.js';
import { row } from '../../reporting/summary.js';
import { inputOptions } from '../input-options.js';
import { openCommand } from '../open-command.js';
import type { Process } from '../process.js';
import { onSignals } from '../signals.js';

/** Groups of options that apply to every shard. The plan stores the values that the user gave for these options. */
const keptGroups: readonly string[] = ['input', 'mapping', 'batch', 'delivery', 'memory'];

/** Interval between two progress lines, ms. */
const progressMs = 60_000;

/** Returns the exit code. Throws every error that would end a load before the first request. */
export async function runPlan(
  names: readonly string[],
  flags: Readonly<Record<string, unknown>>,
  unmasked: Process,
): Promise<number> {
  const { resolved, mask, process } = await openCommand(names, flags, unmasked);
  const { settings, warnings, given } = resolved;
  const { planFile, shard } = settings;
  if (planFile === null || shard !== null)
    throw new UsageError([
      planFile === null
        ? { tried: 'plan', expected: '--plan FILE, the file to write', found: 'nothing', fix: 'add --plan plan.json' }
        : { tried: '--shard', expected: 'a load with --plan', found: 'bulk-load plan', fix: 'leave this option out' },
    ]);
  const notify = ({ level, message }: Notice): void => {
    if (['error', 'warn'].includes(level) && !settings.quiet)
      process.stderr.write(`${printable(mask.text(row(level === 'warn' ? 'WARNING' : 'ERROR', message)))}\n`);
  };
  for (const message of warnings) notify({ level: 'warn', kind: message, message });
  const { inputs } = await expand(names, inputOptions(settings, process, notify));
  const interruption = onSignals(process, () => {});
  const context = { version: version(), clock, notify, inputs };
  const targetOf = (each: Settings) => createTarget(each, { ...context, stdout: process.stdout, env: process.env });
  const kept = new Set(
    options.rows.filter(({ group, identity }) => identity || keptGroups.includes(group)).map(({ key }) => key),
  );
  let progress = '';
  const cancel = clock.every(progressMs, () => {
    if (progress !== '' && !settings.quiet) process.stderr.write(`${printable(mask.text(progress))}\n`);
  });
  try {
    const plan = await planLoad(settings, {
      ...context,
      target: await targetOf(settings),
      createTarget: targetOf,
      signal: interruption.stop,
      resident: residentMemory(),
      parsed: ({ name, size: all }, bytes) => {
        progress = row('parsing', `${name}: ${size(bytes)}${all === null ? '' : ` of ${size(all)}`}`);
      },
      given: Object.fromEntries(Object.entries(given).filter(([key]) => kept.has(key))),
    });
    await writePlan(planFile, plan);
    if (!settings.quiet) process.stderr.write(mask.text(planPage(plan, planFile)));
    return 0;
  } finally {
    cancel();
    interruption.end();
  }
}

function planPage({ inputs }: FleetPlan, file: string): string {
  const pieces = inputs.flatMap((input) => input.pieces);
  const known = pieces.reduce<number | null>((n, { points }) => (n === null || points === null ? null : n + points), 0);
  const bytes = pieces.reduce((sum, piece) => sum + piece.bytes, 0);
  const bad = inputs.filter(({ error }) => error !== null);
  return [
    `Planned: ${plural(pieces.length, 'piece')} of ${plural(inputs.length, 'input')} (${size(bytes)})${known === null ? '' : `, ${count(known)} points`}.`,
    ...bad.map(({ name, error }) => row('input', `${name}: ${error}`)),
    row('plan', file),
    row('load', `bulk-load --plan ${file} --shard i/n --summary FILE, for each i from 1 to n`),
    row('add up', `bulk-load reconcile --plan ${file} FILE…`),
  ]
    .map((line) => `${printable(line)}\n`)
    .join('');
}
