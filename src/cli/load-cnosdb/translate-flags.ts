// What the load says to people is about its own options; here it is typed otherwise: as a flag of the Go tool where that has
// one, else in the environment.

import { environmentName, flagName } from '../../config/options.js';
import { options } from '../../load/option-table.js';

/** By option key. */
const flags: Readonly<Record<string, string>> = {
  url: '--urls',
  db: '--db-name',
  createDb: '--do-create-db',
  user: '--username',
  password: '--password',
  batchPoints: '--batch-size',
  workers: '--workers',
  limit: '--limit',
  compression: '--gzip',
};

const byFlag = new Map(options.rows.map((option) => [flagName(option.key), option]));

/** The same text with each option under the name that it has here. */
export function translateFlagNames(text: string): string {
  return text.replace(/(?<![\w-])(--[a-z][a-z-]*[a-z])(?: ([a-z]+|"))?/g, (all, name: string, next?: string) => {
    const option = byFlag.get(name);
    // There is no other kind here.
    if (option === undefined || option.key === 'target') return all;
    const said = flags[option.key];
    const isValue = next === '"' || (option.is.kind === 'choice' && option.is.values.includes(next ?? ''));
    const rest = next === undefined ? '' : `${said === undefined && isValue ? '=' : ' '}${next}`;
    return (said ?? environmentName(option.key)) + rest;
  });
}
