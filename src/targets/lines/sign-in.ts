// Signing in and versions, as several dialects have them.

import type { LinesOptions } from '../http/types.js';
import type { QueryClient, Question } from './query-client.js';

/** A token, else user and password; null: neither was given. */
export function basicOrBearer({ token, user, password }: LinesOptions): string | null {
  if (token !== null) return `Bearer ${token}`;
  return user === '' ? null : `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

/** From the header that all of them have from InfluxDB 1; null where it is not told. */
export async function versionOf(asker: QueryClient, index: number, question: Question): Promise<string | null> {
  const outcome = await asker.once(index, question);
  const header = outcome.kind === 'answer' ? outcome.answer.headers['x-influxdb-version'] : undefined;
  return typeof header === 'string' ? (/\d+(\.\d+)*\S*/.exec(header)?.[0] ?? null) : null;
}
