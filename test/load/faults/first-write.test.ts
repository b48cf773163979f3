// Contract: a batch that introduces a table or column is the only request at the target, whatever fails. The cluster
// records the requests and parses them itself.

import { afterEach, expect, test } from 'vitest';
import type { Script, ScriptedRequest, Step } from '../../support/cluster/script.js';
import { lines, type Scene, scene } from '../../support/scene.js';

let it: Scene;

afterEach(() => it.end());

/** 100 tables, each of which grows by a column every 20 points: batches of 50 points add columns all the time. */
function growing(tables: number, points: number): string {
  const parts: string[] = [];
  for (let i = 0; i < points; i += 1) {
    for (let table = 0; table < tables; table += 1) {
      parts.push(`t${table},k=v f0=${i},f${Math.floor(i / 20)}b=${i} ${1_640_995_200 + i}000000000\n`);
    }
  }
  return parts.join('');
}

async function loadGrowing(script: Script, args: readonly string[] = []): Promise<void> {
  it = await scene({ nodes: 3, script });
  const path = await it.file('a.lp', growing(100, 60));
  const { code, summary } = await it.load(['--workers', '8', '--batch-points', '50', ...args, path]);
  expect(code).toBe(0);
  expect(summary?.points.loaded).toBe(6000);
  expect(it.cluster.points()).toBe(6000);
  expect(it.cluster.violations).toEqual([]);
  expect(summary?.target).toMatchObject({ newTables: 100, newColumns: 100 * 5 });
}

test('no request overlaps one that changes the schema, with 8 writers and 100 new tables', async () => {
  await loadGrowing({ latencyMs: () => 2 });
});

test('the check of this file finds an overlap', async () => {
  it = await scene({ script: { latencyMs: () => 20 } });
  const body = (field: string): RequestInit => ({
    method: 'POST',
    headers: { authorization: 'Basic cm9vdDo=' },
    body: `m ${field}=1 1640995200000000000\n`,
  });
  const url = `${it.cluster.urls[0]}/api/v1/write?db=db`;
  await Promise.all([fetch(url, body('a')), fetch(url, body('b'))]);
  expect(it.cluster.violations.length).toBeGreaterThan(0);
});

test('after a timeout a batch waits until the target shows its columns', async () => {
  let late = 0;
  await loadGrowing(
    {
      onWrite: ({ adds }) => {
        if (adds.length === 0 || late > 0) return undefined;
        late += 1;
        return { hang: true, applyAfterMs: 1500 };
      },
    },
    ['--request-timeout', '500ms'],
  );
  expect(late).toBe(1);
});

test('after a lost connection the same bytes are sent again, exclusively', async () => {
  let lost = 0;
  await loadGrowing({
    onWrite: ({ adds }) => {
      if (adds.length === 0 || lost > 2) return undefined;
      lost += 1;
      return { reset: 'after-body', applyAfterMs: 300 };
    },
  });
  expect(lost).toBe(3);
});

test('the parts of an introducing batch that is too large are sent one by one, exclusively', async () => {
  await loadGrowing({ latencyMs: () => 2, maxBodyBytes: 1000 });
});

test('columns that the target already has are sent in parallel', async () => {
  it = await scene({ script: { latencyMs: () => 2 } });
  await it.load([
    await it.file(
      'a.lp',
      lines(1, 'm', () => 'a=1,b=1'),
    ),
  ]);
  const { summary } = await it.load([
    await it.file(
      'b.lp',
      lines(1000, 'm', (i) => (i % 2 ? 'a=1' : 'b=1')),
    ),
  ]);
  expect(summary?.batches.alone).toBe(0);
  expect(summary?.target).toMatchObject({ newTables: 0, newColumns: 0 });
});

test('a 502 page of a proxy before a table exists costs one retry and no wait for columns', async () => {
  let failed = 0;
  it = await scene({
    script: {
      onWrite: () => {
        if (failed > 0) return undefined;
        failed += 1;
        return { answer: { status: 502, body: '<html><h1>502 Bad Gateway</h1></html>' } };
      },
    },
  });
  const before = it.cluster.statements.length;
  const { code, summary } = await it.load([await it.file('a.lp', lines(10, 'fresh'))]);
  expect([code, failed, summary?.requests.retried]).toEqual([0, 1, 1]);
  const polls = it.cluster.statements.slice(before).filter((each) => each.startsWith('DESCRIBE TABLE'));
  // After the acknowledgement.
  expect(polls.length).toBe(1);
});

/** Points of one table, each with another three of 24 fields, over 40 series. */
function sparse(points: number): string {
  return Array.from({ length: points }, (_, i) => {
    const fields = [0, 1, 2].map((k) => `f${(i * 7 + k * k * (i % 5) + k) % 24}=${i}`);
    return `m,host=h${(i * 11) % 40} ${[...new Set(fields)].join(',')} ${1_640_995_200 + i}000000000\n`;
  }).join('');
}

test('no value is stored under another column where points differ, and nodes hear of new columns late', async () => {
  it = await scene({ nodes: 3, shards: 4, schemaLagMs: 30 });
  const path = await it.file('a.lp', sparse(1000));
  const { code, summary } = await it.load(['--workers', '8', '--batch-points', '100', path]);
  expect([code, summary?.points.loaded, it.cluster.points()]).toEqual([0, 1000, 1000]);
  expect(it.cluster.misplaced).toEqual([]);
  expect(summary?.target).toMatchObject({ newTables: 1, newColumns: 25 });
});

test('columns that one endpoint lists later than another are awaited there, too', async () => {
  it = await scene({ nodes: 2, shards: 2, schemaLagMs: 500 });
  const load = async (name: string): Promise<void> => {
    const text = lines(50, 'm', (i) => `${name}=${i}`);
    expect((await it.load([await it.file(`${name}.lp`, text)])).code).toBe(0);
  };
  for (const name of ['c', 'b', 'a']) await load(name);
  expect(it.cluster.misplaced).toEqual([]);
});

test('a target that lists no columns at all, as a sink does, is not waited for', async () => {
  const lists = /^(DESCRIBE TABLE|SELECT.*information_schema\.columns)/is;
  const onOther = ({ body }: ScriptedRequest): Step | undefined =>
    lists.test(Buffer.from(body).toString()) ? { answer: { status: 200, body: '' } } : undefined;
  it = await scene({ script: { onOther } });
  const many = Array.from({ length: 12 }, (_, i) => lines(2, `m${i}`)).join('');
  const { code, summary } = await it.load([await it.file('a.lp', many), await it.file('b.lp', sparse(20))]);
  expect([code, summary?.points.loaded]).toEqual([0, 44]);
});

test('the check for other columns finds a request of two shapes, and one that follows an acknowledgement at once', async () => {
  it = await scene({ shards: 4, schemaLagMs: 60_000 });
  const headers = { authorization: 'Basic cm9vdDo=' };
  const send = (body: string): Promise<Response> =>
    fetch(`${it.cluster.urls[0]}/api/v1/write?db=db`, { method: 'POST', headers, body });
  await send(sparse(20));
  const inOne = it.cluster.misplaced.length;
  expect(inOne).toBeGreaterThan(0);
  await send('n b=1 1640995200000000000\n');
  await send('n a=1 1640995200000000000\n');
  expect(it.cluster.misplaced.slice(inOne)).toEqual(['values of n.a are stored under b']);
});
