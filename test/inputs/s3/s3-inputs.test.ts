// Names in S3 against a server that checks signatures, and its refusals against one that says them all.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { BulkLoadError } from '../../../src/core/errors.js';
import { Web } from '../../../src/inputs/http/web-client.js';
import { S3Account } from '../../../src/inputs/s3/s3-account.js';
import { s3Inputs } from '../../../src/inputs/s3/s3-inputs.js';
import { parseRoot } from '../../../src/inputs/s3/s3-xml.js';
import { type Files, startFiles } from '../../support/servers/files.js';
import { remote } from '../../support/servers/remote.js';
import { bucket, type S3, startS3 } from '../../support/servers/s3.js';
import { drain, never } from '../support.js';

type Env = Record<string, string>;

function account(env: Env): S3Account {
  return new S3Account(new Web(remote), env);
}

async function failure(name: string, env: Env): Promise<string> {
  const error: unknown = await s3Inputs(account(env), name).catch((reason: unknown) => reason);
  if (!(error instanceof BulkLoadError)) throw new Error(`got ${String(error)}`);
  return error.message;
}

describe('a bucket', () => {
  const odd = "d/odd +%&='é (1)*~.lp";
  let s3: S3;
  beforeAll(async () => {
    s3 = await startS3();
    const keys = ['d/b.lp', 'd/a.lp', 'd/x/c.lp', 'd/x/y/d.csv', 'd/.hidden', 'd/[1].lp', 'd/1.lp', 'e.lp', odd];
    for (const key of keys) s3.put(key, `m f=1 # ${key}\n`);
  }, 120_000);
  afterAll(() => s3.stop());

  async function names(pattern: string): Promise<string[]> {
    const inputs = await s3Inputs(account(s3.env), `s3://${bucket}/${pattern}`);
    return inputs.map(({ name }) => name.replace(`s3://${bucket}/`, ''));
  }

  test('an object is found by its key, with its size, whatever characters the key has', async () => {
    for (const key of ['e.lp', odd]) {
      const [input] = await s3Inputs(account(s3.env), `s3://${bucket}/${key}`);
      const content = Buffer.from(`m f=1 # ${key}\n`);
      expect(input).toMatchObject({
        name: `s3://${bucket}/${key}`,
        path: `s3://${bucket}/${key}`,
        size: content.length,
      });
      expect((await drain(await input!.open(never))).equals(content)).toBe(true);
    }
  });

  test('prefixes and patterns give the same objects as directories and patterns of files, in byte order', async () => {
    expect(await names('d/x/')).toEqual(['d/x/c.lp', 'd/x/y/d.csv']);
    expect(await names('d/*.lp')).toEqual(['d/1.lp', 'd/[1].lp', 'd/a.lp', 'd/b.lp', odd]);
    expect(await names('d/**/*.{csv,lp}')).toHaveLength(7);
    expect(await names('d/?.lp')).toEqual(['d/1.lp', 'd/a.lp', 'd/b.lp']);
    expect(await names('d/[1].lp')).toEqual(['d/[1].lp']);
    expect(await names('')).toHaveLength(8);
    let leftOut = 0;
    const inputs = await s3Inputs(account(s3.env), `s3://${bucket}/d/`, () => {
      leftOut += 1;
    });
    expect([inputs.length, leftOut]).toEqual([7, 1]);
  });

  test.each([
    ['nothing*', 'expected a pattern that matches an object, found no match'],
    ['nothing/', 'expected objects below this prefix, found no match'],
    ['nothing.lp', '404 NoSuchKey: the bucket has no object under this key'],
  ])('a bucket without %s is refused with the cause', async (key, words) => {
    expect(await failure(`s3://${bucket}/${key}`, s3.env)).toContain(words);
  });

  test('a missing bucket and a wrong key are named', async () => {
    expect(await failure('s3://no-such-bucket/*', s3.env)).toContain('NoSuchBucket: there is no bucket no-such-bucket');
    const wrong = await failure(`s3://${bucket}/*`, { ...s3.env, AWS_SECRET_ACCESS_KEY: 'other-secret' });
    expect(wrong).toContain('SignatureDoesNotMatch: the secret key does not fit the access key');
    expect(wrong).not.toContain('other-secret');
    expect(await failure(`s3://${bucket}/*`, { ...s3.env, AWS_ACCESS_KEY_ID: 'AKIAX' })).toContain(
      'does not know the access key',
    );
  });

  test('keys are taken from a profile, and from the endpoint of a container', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'bulk-load-aws-'));
    const [config, credentials] = [join(folder, 'config'), join(folder, 'credentials')];
    await writeFile(
      config,
      `[default]\nregion = eu-north-1\n[profile  work]\nregion=eu-central-1\nendpoint_url = ${s3.url}\ns3 =\n  a = b\n[profile sso]\nsso_session = x\n`,
    );
    await writeFile(
      credentials,
      `[default]\naws_access_key_id = no\n\n[work]\naws_access_key_id = ${s3.env.AWS_ACCESS_KEY_ID}\naws_secret_access_key=${s3.env.AWS_SECRET_ACCESS_KEY}\n`,
    );
    const files = { AWS_CONFIG_FILE: config, AWS_SHARED_CREDENTIALS_FILE: credentials };
    expect(await s3Inputs(account({ ...files, AWS_PROFILE: 'work' }), `s3://${bucket}/d/*`)).toHaveLength(5);
    expect(await failure(`s3://${bucket}/d/*`, { ...files, AWS_PROFILE: 'play' })).toContain(
      'profile "play" (AWS_PROFILE)',
    );
    expect(await failure(`s3://${bucket}/d/*`, { ...files, AWS_PROFILE: 'sso' })).toContain('found sso_session');
    const container = await startFiles({
      '/role': JSON.stringify({
        AccessKeyId: s3.env.AWS_ACCESS_KEY_ID,
        SecretAccessKey: s3.env.AWS_SECRET_ACCESS_KEY,
        Expiration: '2099-01-01T00:00:00Z',
      }),
    });
    await writeFile(join(folder, 'token'), 'hush\n');
    container.act(({ headers }) => (headers.authorization === 'hush' ? undefined : { status: 401 }));
    const env = {
      HOME: folder,
      AWS_ENDPOINT_URL: s3.url,
      AWS_DEFAULT_REGION: 'eu-central-1',
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `${container.url}/role`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: join(folder, 'token'),
    };
    const one = account(env);
    expect(await s3Inputs(one, `s3://${bucket}/d/*`)).toHaveLength(5);
    expect(await s3Inputs(one, `s3://${bucket}/e.lp`)).toHaveLength(1);
    expect(container.asked).toHaveLength(1);
    const abroad = { ...env, AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://example.org/role' };
    expect(await failure(`s3://${bucket}/e.lp`, abroad)).toContain(
      'to be an https URL, or an http URL of this machine',
    );
    await container.stop();
    await rm(folder, { recursive: true, force: true });
  });
});

describe('a refusal of S3', () => {
  let server: Files;
  beforeEach(async () => {
    server = await startFiles();
  });
  afterEach(() => server.stop());

  const keys = { AWS_ACCESS_KEY_ID: 'AKIA', AWS_SECRET_ACCESS_KEY: 'hush', AWS_SESSION_TOKEN: 'hush' };

  test.each<[string, number, string, Env, string]>([
    [
      'no credentials',
      403,
      '<Error><Code>AccessDenied</Code></Error>',
      {},
      'no credentials were found, and the object or bucket is not public',
    ],
    ['not allowed', 403, '<Error><Code>AccessDenied</Code></Error>', keys, 'the credentials lack a permission'],
    ['expired', 400, '<Error><Code>ExpiredToken</Code></Error>', keys, 'the session has expired'],
    ['a wrong region', 301, '<Error><Code>PermanentRedirect</Code></Error>', keys, 'the bucket is not in us-east-1'],
    ['archived', 403, '<Error><Code>InvalidObjectState</Code></Error>', keys, 'the object is archived'],
  ])('is explained: %s', async (_, status, body, env, words) => {
    server.act(() => ({ status, body }));
    const all = { HOME: '/nonexistent', AWS_ENDPOINT_URL_S3: server.url, ...env };
    for (const name of ['s3://b/k', 's3://b/k*']) {
      const said = await failure(name, all);
      expect(said).toContain(words);
      expect(said).not.toContain('hush');
    }
  });

  test('the region that the server names is shown', async () => {
    server.act(() => ({ status: 301, headers: { 'x-amz-bucket-region': 'eu-west-1' }, body: '' }));
    const env = { HOME: '/nonexistent', AWS_ENDPOINT_URL_S3: server.url, ...keys };
    expect(await failure('s3://b/k', env)).toContain(
      'the bucket is in eu-west-1, not in us-east-1; set AWS_REGION=eu-west-1',
    );
  });

  test('a response that is no list, and a name without a bucket, are refused', async () => {
    server.act(() => ({ status: 200, body: '<html>' }));
    const env = { HOME: '/nonexistent', AWS_ENDPOINT_URL_S3: server.url };
    expect(await failure('s3://b/k*', env)).toContain('check that the endpoint is an S3 server');
    expect(await failure('s3:///k', env)).toContain('found no bucket');
    expect(await failure('s3://b/a/../k', env)).toContain('expected a key in which no part between slashes is . or ..');
  });

  test('objects are listed page by page, whatever characters their keys have', async () => {
    const pages = [
      ['a%2B+1.lp', 'b/'],
      ['c%C3%A9.lp', 'd.csv'],
      ['.e.lp', 'a.lp'],
    ].map((keys, i) => {
      const contents = keys.map((key) => `<Contents><Key>${key}</Key><Size>7</Size></Contents>`).join('\n');
      const more = i < 2 ? `<NextContinuationToken>t+/=${i}</NextContinuationToken>` : '';
      return `<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>${i < 2}</IsTruncated>${more}${contents}</ListBucketResult>`;
    });
    server.act(({ ordinal }) => ({ status: 200, body: pages[ordinal]! }));
    const found = await s3Inputs(account({ HOME: '/nonexistent', AWS_ENDPOINT_URL_S3: server.url }), 's3://b/*.lp');
    expect(found.map(({ name }) => name)).toEqual(['s3://b/a+ 1.lp', 's3://b/a.lp', 's3://b/cé.lp']);
    expect(server.asked.map(({ path }) => new URL(path, server.url).searchParams.get('continuation-token'))).toEqual([
      null,
      't+/=0',
      't+/=1',
    ]);
  });

  function listing(server: Files, ...pages: string[]): Promise<string> {
    server.act(({ ordinal }) => ({ status: 200, body: pages[Math.min(ordinal, pages.length - 1)]! }));
    return failure('s3://b/k*', { HOME: '/nonexistent', AWS_ENDPOINT_URL_S3: server.url });
  }
  const entry = (key: string): string => `<Contents><Key>${key}</Key><Size>7</Size></Contents>`;
  const list = (inner: string): string => `<ListBucketResult>${inner}</ListBucketResult>`;

  test('a truncated list without a continuation, and one that repeats it, are input errors', async () => {
    const truncated = `<IsTruncated>true</IsTruncated>${entry('k1')}`;
    expect(await listing(server, list(truncated))).toContain('found a truncated list without a token');
    const repeated = list(`${truncated}<NextContinuationToken>t</NextContinuationToken>`);
    expect(await listing(server, repeated)).toContain('found the same continuation token twice');
    expect(await listing(server, list(`${truncated}<NextMarker>k1</NextMarker>`))).toContain(
      'found the same continuation token twice',
    );
    const error = await s3Inputs(account({ HOME: '/nonexistent', AWS_ENDPOINT_URL_S3: server.url }), 's3://b/k*').catch(
      (reason: unknown) => reason,
    );
    expect((error as BulkLoadError).exitCode).toBe(7);
  });

  test('the pages of a server that knows only version 1 of the request are followed by their marker', async () => {
    const first = `<IsTruncated>true</IsTruncated><EncodingType>url</EncodingType>${entry('k%2B1')}<NextMarker>k%2B1</NextMarker>`;
    const pages = [list(first), list(`<IsTruncated>false</IsTruncated>${entry('k2')}`)];
    server.act(({ ordinal }) => ({ status: 200, body: pages[ordinal]! }));
    const found = await s3Inputs(account({ HOME: '/nonexistent', AWS_ENDPOINT_URL_S3: server.url }), 's3://b/k*');
    expect(found.map(({ name }) => name)).toEqual(['s3://b/k+1', 's3://b/k2']);
    const [, second] = server.asked.map(({ path }) => new URL(path, server.url).searchParams);
    expect([second?.get('marker'), second?.get('list-type')]).toEqual(['k+1', null]);
  });

  test.each([
    ['a character that does not exist', '<Contents><Key>k&#x110000;</Key><Size>7</Size></Contents>'],
    ['half a surrogate pair', '<Contents><Key>k&#xD800;</Key><Size>7</Size></Contents>'],
    ['an entity of its own', '<Contents><Key>k&own;</Key><Size>7</Size></Contents>'],
  ])('a list with %s is refused, not taken for a defect', async (_, inner) => {
    expect(await listing(server, list(inner))).toContain('check that the endpoint is an S3 server');
  });

  test.each([
    ['a key with a % that encodes nothing', `<EncodingType>url</EncodingType>${entry('k%zz')}`],
    ['an object without a size', '<Contents><Key>k1</Key></Contents>'],
    ['an object with a negative size', '<Contents><Key>k1</Key><Size>-7</Size></Contents>'],
  ])('a list with %s is an input error', async (_, inner) => {
    expect(await listing(server, list(inner))).toMatch(/^listing s3:\/\/b\/k: expected .* found an? /);
  });

  test('a listing is retried while S3 asks to slow down', async () => {
    const page =
      '<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>k&amp;1</Key><Size>7</Size></Contents></ListBucketResult>';
    server.act(({ ordinal }) =>
      ordinal === 0 ? { status: 503, body: '<Error><Code>SlowDown</Code></Error>' } : { status: 200, body: page },
    );
    const found = await s3Inputs(account({ HOME: '/nonexistent', AWS_ENDPOINT_URL_S3: server.url }), 's3://b/k*');
    expect(found).toMatchObject([{ name: 's3://b/k&1', size: 7 }]);
  });
});

test.each([
  ['opening brackets', '<'],
  ['unclosed entries', '<Contents>'],
  ['unclosed comments', '<!--'],
  ['ampersands', '&'],
])('the time to parse a response of %s grows linearly', async (_, text) => {
  const time = async (bytes: number): Promise<number> => {
    const xml = `<ListBucketResult>${text.repeat(bytes / text.length)}`;
    let best = Number.POSITIVE_INFINITY;
    for (let round = 0; round < 5; round += 1) {
      const from = performance.now();
      expect(await parseRoot(xml)).toBeNull();
      best = Math.min(best, performance.now() - from);
    }
    return best;
  };
  await time(65_536);
  // Eight times the text. Quadratic parsing takes 64 times as long in every attempt; 0.2 ms hide the noise of short runs,
  // and a busy machine gets several attempts.
  const ratios: number[] = [];
  while (ratios.length < 6 && !ratios.some((ratio) => ratio < 32))
    ratios.push((await time(524_288)) / Math.max(0.2, await time(65_536)));
  expect(Math.min(...ratios)).toBeLessThan(32);
});

test('unsupported content is refused with the command that fetches and converts it', async () => {
  const s3 = await startS3();
  try {
    s3.put('a.xz', Buffer.from('fd377a585a000004', 'hex'));
    s3.put('odd key.zip', Buffer.from('504b030414000000', 'hex'));
    const [xz, zip] = await s3Inputs(account(s3.env), `s3://${bucket}/*`);
    await expect(xz!.open(never)).rejects.toThrow(
      `Convert it: \`aws s3 cp s3://${bucket}/a.xz - | xz -dc | bulk-load … -`,
    );
    await expect(zip!.open(never)).rejects.toThrow(
      `Convert it: \`aws s3 cp 's3://${bucket}/odd key.zip' - > archive && unzip -p archive | bulk-load … -`,
    );
  } finally {
    await s3.stop();
  }
});
