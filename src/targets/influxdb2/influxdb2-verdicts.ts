// The meaning of InfluxDB 2's responses. fixtures/wire/influxdb2.ndjson contains these responses, taken from the
// documentation. InfluxDB Cloud responds in the same way.

import { messageUnder, type VerdictTable } from '../http/verdict-table.js';

export const verdicts: VerdictTable = {
  title: 'InfluxDB',
  acknowledgement: 204,
  errorOf: messageUnder('message'),
  rows: [
    // The response of InfluxDB to a body without points. It has checked token, organization and bucket before.
    { status: 400, message: /^writing requires points$/, means: 'accepted' },
    { status: 400, message: /unable to parse/, means: 'target-parse' },
    { status: 400, message: /unable to read data|gzip/, means: 'refused', advice: 'check --compression' },
    { status: 400, message: /field type conflict|type .* already exists/, means: 'target-type' },
    { status: 400, message: /partial write/, means: 'target-rejected' },
    { status: 401, means: 'refused', advice: 'check --token' },
    { status: 403, means: 'refused', advice: 'check that --token has the right to write to the bucket' },
    { status: 404, message: /bucket/, means: 'missing-database' },
    { status: 404, message: /organization/, means: 'refused', advice: 'check --tenant, which names the organization' },
    { status: 422, message: /field type conflict/, means: 'target-type' },
    { status: 422, message: /beyond retention policy|outside retention/, means: 'target-expired' },
    { status: 422, message: /unable to parse/, means: 'target-parse' },
    { status: 422, means: 'target-rejected' },
  ],
};
