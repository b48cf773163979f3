// Settings as people may read them: each as it could be typed, with where it came from, and secrets never.

import { size } from '../core/text.js';
import { formatDuration } from '../core/units.js';
import { spelled } from './column-lists.js';
import { flagName, type OptionKind, options } from './options.js';
import type { Origin, Settings } from './settings.js';

export interface SettingDescription {
  /** `--batch-bytes` */
  readonly flag: string;
  readonly value: string;
  readonly origin: Origin;
}

/** All of them, in the order of help and README. */
export function describeSettings(
  settings: Settings,
  origins: Readonly<Record<keyof Settings, Origin>>,
): SettingDescription[] {
  return options.map((option) => {
    const name = (option.as ?? option.key) as keyof Settings;
    const value = option.secret ? hidden(settings[name]) : words(settings[name], option.is);
    return { flag: flagName(option.key), value, origin: origins[name] };
  });
}

function hidden(value: unknown): string {
  return value === '' || value === null || (Array.isArray(value) && value.length === 0) ? '–' : '(hidden)';
}

function words(value: Settings[keyof Settings], { kind }: OptionKind): string {
  if (value === null) return '–';
  if (value === Number.POSITIVE_INFINITY) return 'forever';
  if (kind === 'urls') return (value as Settings['urls']).map(({ shown }) => shown).join(', ');
  if (kind === 'tags' || kind === 'fields' || kind === 'words') return spelled(value as Parameters<typeof spelled>[0]);
  if (kind === 'size') return size(Number(value));
  if (kind === 'duration') return formatDuration(Number(value));
  if (kind === 'timeRange') return range(value as NonNullable<Settings['expectTime']>);
  if (kind === 'address') return address(value as NonNullable<Settings['metricsListen']>);
  if (typeof value !== 'object') return `${value}`;
  const amount = value as { count?: number; percent?: number; bytes?: number };
  if (amount.percent !== undefined) return `${amount.percent}%`;
  return amount.bytes === undefined ? String(amount.count) : size(amount.bytes);
}

function address({ host, port }: NonNullable<Settings['metricsListen']>): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function range({ fromMs, toMs }: NonNullable<Settings['expectTime']>): string {
  const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
  return `${day(fromMs)}..${day(toMs)}`;
}
