// Mutates responses of targets by a small grammar: wrong shapes, other servers, damage to the text, odd statuses and headers.

import type { Reply } from '../cluster/reply.js';

export type Random = (range: number) => number;

/** mulberry32 (public domain, T. Ettinger). */
export function randomFrom(seed: number): Random {
  let state = seed;
  return (range) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % range;
  };
}

const foreignBodies = [
  '',
  ' ',
  '\ufeff',
  'null',
  'true',
  '0',
  '""',
  '[]',
  '{}',
  '[null]',
  '[[]]',
  '[{}]',
  '{"results":null}',
  '{"results":[null]}',
  '{"results":[{"series":[{"values":[[1]]}]}]}',
  '{"results":[{"series":[{"name":1}]}]}',
  '{"buckets":[null]}',
  '{"buckets":[{"retentionRules":[{"everySeconds":"x"}]}]}',
  '{"orgs":[{}]}',
  '{"metric":null}',
  '{"metric":{},"values":["x"],"timestamps":null}',
  '{"error_code":1,"error_message":null}',
  '{"error":{"message":"x"}}',
  '{"error":"x","data":[null]}',
  '<!doctype html><html><body>Log in to Grafana</body></html>',
  '<html><head><title>502 Bad Gateway</title></head></html>',
  'flag{name="retentionPeriod", value="',
  'vnode_cache_size_total{} NaN',
  '['.repeat(2000),
  '<'.repeat(60_000),
  'x'.repeat(70_000),
  '\0\0\0',
];
const values = ['null', '-1', '1e999', '{}', '[]', '""', 'true', '99999999999999999999', '"\\ud800"', '"INF"', '"a"'];
const statuses = [200, 204, 301, 302, 400, 401, 403, 404, 405, 409, 413, 422, 429, 500, 502, 503, 504, 599];
const headers: readonly Record<string, string>[] = [
  { 'retry-after': '-1' },
  { 'retry-after': 'x' },
  { 'retry-after': '0' },
  { location: 'http://[' },
  { 'x-influxdb-version': '\u00ff' },
  { 'content-type': 'text/html' },
  { date: 'never' },
];

/** Changes a response in one to three ways. */
export function mutated(reply: Reply, random: Random): Reply {
  let changed = reply;
  for (let left = 1 + random(3); left > 0; left -= 1) changed = once(changed, random);
  return changed;
}

function once(reply: Reply, random: Random): Reply {
  const body = reply.body ?? '';
  switch (random(7)) {
    case 0:
      return { ...reply, body: foreignBodies[random(foreignBodies.length)]! };
    case 1:
      return { ...reply, status: statuses[random(statuses.length)]! };
    case 2:
      return { ...reply, headers: { ...reply.headers, ...headers[random(headers.length)] } };
    case 3:
      return { ...reply, body: body.slice(0, random(body.length + 1)) };
    case 4: {
      // One value of JSON becomes another.
      const found = [...body.matchAll(/"[^"]*"|-?\d+(\.\d+)?|true|false|null/g)];
      const place = found[random(Math.max(1, found.length))];
      if (place === undefined) return { ...reply, body: values[random(values.length)]! };
      const rest = body.slice(place.index + place[0].length);
      return { ...reply, body: body.slice(0, place.index) + values[random(values.length)]! + rest };
    }
    case 5: {
      const at = random(body.length + 1);
      return { ...reply, body: body.slice(0, at) + String.fromCharCode(random(256)) + body.slice(at + 1) };
    }
    default:
      return { ...reply, body: body + body };
  }
}
