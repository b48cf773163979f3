// Shows settings as a user could type them, each with its origin. Hides secrets.

import { formatColumns } from '../../core/points/column-list.js';
import { size } from '../../core/text.js';
import { formatDuration } from '../../core/units.js';
import { flagName, type Option, type Options } from '../options.js';
import type { Origin, Settings } from '../settings.js';

export interface SettingDescription {
  /** The flag, such as `--batch-bytes`. */
  readonly flag: string;
  readonly value: string;
  readonly origin: Origin;
}

/** Describes all settings, in the order of the help. */
export function describeSettings(
  { rows }: Options,
  settings: Settings,
  origins: Readonly<Record<keyof Settings, Origin>>,
): SettingDescription[] {
  return rows.map((option) => {
    const name = (option.as ?? option.key) as keyof Settings;
    const value = option.secret ? hiddenText(settings[name]) : valueText(settings[name], option.is.kind);
    return { flag: flagName(option.key), value, origin: origins[name] };
  });
}

function hiddenText(value: unknown): string {
  return value === '' || value === null || (Array.isArray(value) && value.length === 0) ? '–' : '(hidden)';
}

function valueText(value: Settings[keyof Settings], kind: Option['is']['kind']): string {
  if (value === null) return '–';
  if (value === Number.POSITIVE_INFINITY) return 'forever';
  if (kind === 'urls') return (value as Settings['urls']).map(({ shown }) => shown).join(', ');
  if (kind === 'tags' || kind === 'fields' || kind === 'words')
    return formatColumns(value as Parameters<typeof formatColumns>[0]);
  if (kind === 'size') return size(Number(value));
  if (kind === 'duration') return formatDuration(Number(value));
  if (kind === 'timeRange') return rangeText(value as NonNullable<Settings['expectTime']>);
  if (kind === 'address') return addressText(value as NonNullable<Settings['metricsListen']>);
  return typeof value === 'object' ? amountText(value as Amount) : `${value}`;
}

interface Amount {
  readonly count?: number;
  readonly percent?: number;
  readonly bytes?: number;
}

function amountText(amount: Amount): string {
  if (amount.percent !== undefined) return `${amount.percent}%`;
  return amount.bytes === undefined ? String(amount.count) : size(amount.bytes);
}

function addressText({ host, port }: NonNullable<Settings['metricsListen']>): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function rangeText({ fromMs, toMs }: NonNullable<Settings['expectTime']>): string {
  const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
  return `${day(fromMs)}..${day(toMs)}`;
}
