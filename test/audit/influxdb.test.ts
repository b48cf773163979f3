// Audits of a real InfluxDB 1, where it is installed, and of a scripted InfluxDB 3.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AuditSummary } from '../../src/core/types/index.js';
import { startInfluxdb } from '../support/influxdb/server.js';
import { three } from '../support/influxdb/three.js';
import { run } from '../support/programs/here.js';
import { influxd, installed } from '../support/servers/servers.js';

const time = 1_640_995_200_000_000_000n;
const typed = [
  `all,tag=a\\ b\\,c\\=d i=9223372036854775807i,j=-9007199254740993i,f=0.1,s="it's \\"so\\" \\\\ x, y",b=true ${time}`,
  `all,tag=Ünïcode i=-9223372036854775808i,f=-0.0,s="" ${time + 1n}`,
  `all f=1e-300,b=f ${time + 2n}`,
];
const line = (i: number, fields = `x=${i}.25,n=${i}i`): string =>
  `cpu,host=h${i % 50} ${fields} ${time + BigInt(i) * 1_000_000_000n}`;
const all = [...typed, ...Array.from({ length: 1_000 }, (_, i) => line(i))];
const faulty = all.map((each, i) => (i === 0 ? each.replace('f=0.1', 'f=0.10000000000000002') : i === 500 ? '' : each));

interface Kind {
  readonly target: string;
  readonly isHere: boolean;
  readonly begin: () => Promise<{ url: string; end: () => Promise<void> }>;
}

const kinds: readonly Kind[] = [
  { target: 'influxdb1', isHere: installed('influxd'), begin: () => influxd() },
  {
    target: 'influxdb3',
    isHere: true,
    begin: () => startInfluxdb(three, { token: 'secret-of-mine==', databases: ['a', 'b'] }),
  },
];

describe.each(kinds)('$target', ({ target, isHere, begin }) => {
  let server: Awaited<ReturnType<Kind['begin']>>;
  let folder: string;

  beforeAll(async () => {
    if (isHere) server = await begin();
    folder = await mkdtemp(join(tmpdir(), 'bulk-load-test-'));
  });
  afterAll(async () => {
    if (isHere) await server.end();
    await rm(folder, { recursive: true, force: true });
  });

  const file = async (name: string, lines: readonly string[]): Promise<string> => {
    await writeFile(join(folder, name), lines.map((each) => `${each}\n`).join(''));
    return join(folder, name);
  };
  const options = (db: string): string[] => [
    '--target',
    target,
    '--url',
    server.url,
    '--db',
    db,
    '--state-dir',
    folder,
  ];
  const env = target === 'influxdb3' ? { BULK_LOAD_TOKEN: 'secret-of-mine==' } : {};

  test.skipIf(!isHere)('an audit finds every value of a load, and two planted faults', async () => {
    const path = await file('all.lp', all);
    for (const [db, lines, differences] of [
      ['a', all, { missing: 0, different: 0 }],
      ['b', faulty.filter((each) => each !== ''), { missing: 1, different: 1 }],
    ] as const) {
      const loaded = await run([...options(db), '--create-db', '--workers', '1', await file(`${db}.lp`, lines)], {
        env,
      });
      expect(loaded.stderr).toContain('Complete');
      const audited = await run(['audit', ...options(db), '--summary', '-', path], { env });
      const summary = JSON.parse(audited.stdout) as AuditSummary;
      expect(summary.differences).toMatchObject({ ...differences, extra: 0 });
      expect(audited.code).toBe(db === 'a' ? 0 : 9);
    }
    const repaired = await run(['audit', ...options('b'), '--repair', path], { env });
    expect(repaired.stderr).toContain('Repaired');
    expect(repaired.code).toBe(0);
  });
});
