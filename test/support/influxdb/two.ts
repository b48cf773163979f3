// InfluxDB 2: its documentation (docs.influxdata.com/influxdb/v2/api, …/write-data/troubleshoot) and, where that is silent,
// http/write_handler.go, http/points/points_parser.go and bucket_service.go of github.com/influxdata/influxdb, 2.7.
// An unreadable line refuses the whole body. Points that do not fit are dropped, and the others are stored.

import type { Reply } from '../cluster/reply.js';
import { type Asked, type Influxdb, json, type Version } from './server.js';
import { linesOf, Tables } from './tables.js';

export const organization = 'my-org';

const units: Readonly<Record<string, bigint>> = { ns: 1n, us: 1_000n, ms: 1_000_000n, s: 1_000_000_000n };

const failure = (status: number, code: string, message: string): Reply => json(status, { code, message });
const isOurs = (query: URLSearchParams): boolean => query.get('org') === organization;
const noOrganization = (query: URLSearchParams): Reply =>
  failure(404, 'not found', `organization name "${query.get('org') ?? ''}" not found`);

export const two: Version = {
  scheme: 'Token',
  writePath: '/api/v2/write',
  unauthorized: failure(401, 'unauthorized', 'unauthorized access'),
  answer(asked, influx) {
    const { method, path, query } = asked;
    if (path === '/ping')
      return { status: 204, headers: { 'x-influxdb-build': 'OSS', 'x-influxdb-version': 'v2.7.11' } };
    if (!isOurs(query) && query.has('org')) return noOrganization(query);
    if (`${method} ${path}` === 'GET /api/v2/orgs') return json(200, { orgs: [{ id: '0a1b', name: organization }] });
    if (`${method} ${path}` === 'GET /api/v2/buckets') return buckets(query, influx);
    if (`${method} ${path}` === 'POST /api/v2/buckets') return create(asked, influx);
    if (`${method} ${path}` === 'POST /api/v2/write') return write(asked, influx);
    return failure(404, 'not found', 'path not found');
  },
};

/** A bucket whose retention refuses nothing; `retainsFrom` does that. */
function buckets(query: URLSearchParams, influx: Influxdb): Reply {
  if (!influx.may('read')) return failure(401, 'unauthorized', 'read:orgs/0a1b/buckets is unauthorized');
  const name = query.get('name') ?? '';
  return json(200, { buckets: influx.databases.has(name) ? [{ id: '0b', name, retentionRules: [] }] : [] });
}

function create({ body }: Asked, influx: Influxdb): Reply {
  if (!influx.may('create')) return failure(403, 'forbidden', 'insufficient permissions for create');
  const { name, orgID } = JSON.parse(body.toString('utf8')) as { name: string; orgID: string };
  if (orgID !== '0a1b') return failure(404, 'not found', 'organization not found');
  influx.databases.set(name, new Tables());
  return json(201, { id: '0b', name });
}

function write({ query, body }: Asked, influx: Influxdb): Reply {
  const name = query.get('bucket') ?? '';
  const unit = units[query.get('precision') ?? 'ns'];
  if (unit === undefined)
    return failure(400, 'invalid', 'invalid precision; valid precision units are ns, us, ms, and s');
  const tables = influx.databases.get(name);
  if (tables === undefined) return failure(404, 'not found', `bucket "${name}" not found`);
  if (!influx.may('write')) return failure(403, 'forbidden', 'insufficient permissions for write');
  if (body.length > (influx.options.maxBodyBytes ?? Number.POSITIVE_INFINITY))
    return failure(413, 'request too large', 'unable to read data: points batch is too large');
  const lines = linesOf(body);
  if (lines.length === 0) return failure(400, 'invalid', 'writing requires points');
  const bad = lines.filter(({ point }) => point === null);
  if (bad.length > 0)
    return failure(400, 'invalid', bad.map(({ text, problem }) => `unable to parse '${text}': ${problem}`).join('\n'));
  const dropped: string[] = [];
  for (const { point } of lines) {
    const ns = point!.time! * unit;
    const other = tables.conflict(point!);
    if (other !== null)
      dropped.push(
        `field type conflict: input field "${other.column}" on measurement "${point!.table}" is type ${other.got}, already exists as type ${other.has}`,
      );
    else if (ns < (influx.options.retainsFrom ?? ns)) dropped.push('points beyond retention policy');
    else tables.store(point!, ns);
  }
  if (dropped.length === 0) return { status: 204 };
  const first = `partial write: ${dropped[0]} dropped=${dropped.length}`;
  return failure(422, 'unprocessable entity', `failure writing points to database: ${first}`);
}
