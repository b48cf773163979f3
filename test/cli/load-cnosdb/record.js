// Records what the Go tool, `load_cnosdb` on PATH, prints for fixtures/load-cnosdb/cases.json and differences.json against
// a target that accepts or refuses everything: node test/cli/load-cnosdb/record.js. The tool itself is no part of this
// project.

import { spawn } from 'node:child_process';
import { once as happens } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';

const folder = new URL('../../../fixtures/load-cnosdb/', import.meta.url);
/** @param {string} name */
const json = (name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8'));
/** @param {string} name @param {unknown} value */
const write = (name, value) => writeFileSync(new URL(name, folder), `${JSON.stringify(value, null, 1)}\n`);

/** Lines and statements that reached the target in this run. @type {{ lines: number, statements: string[] }} */
let arrived = { lines: 0, statements: [] };
let refuses = false;
/** @param {import('node:http').IncomingMessage} request @param {import('node:http').ServerResponse} response */
async function answer(request, response) {
  const raw = await buffer(request);
  const body = String(request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw);
  if (request.url?.startsWith('/api/v1/sql')) arrived.statements.push(body);
  if (refuses) response.writeHead(422).end('{"error_code":"040004","error_message":"Error parsing message"}');
  else {
    if (request.url?.startsWith('/api/v1/write'))
      arrived.lines += body.split('\n').filter((line) => line !== '').length;
    response.end();
  }
}
const server = createServer((request, response) => void answer(request, response));
await happens(server.listen(0, '127.0.0.1'), 'listening');
const address = /** @type {import('node:net').AddressInfo} */ (server.address());
const url = `http://127.0.0.1:${address.port}`;
/** No server listens here. */
const gone = 'http://127.0.0.1:9';
/** @type {Record<string, string[]>} */
const targets = {
  takes: [`--urls=${url}`],
  refuses: [`--urls=${url}`],
  gone: [`--urls=${gone}`],
  half: [`--urls=${url},${gone}`],
  none: [],
};

/** Runs the tool in a new directory with `files`. @param {string[]} args @param {string} input @param {Record<string, string>} [files] */
async function run(args, input, files = {}) {
  const scratch = mkdtempSync(join(tmpdir(), 'bulk-load-record-'));
  try {
    for (const [name, content] of Object.entries(files)) writeFileSync(join(scratch, name), content);
    mkdirSync(join(scratch, 'empty'));
    const child = spawn('load_cnosdb', args, { cwd: scratch, timeout: 10_000 });
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    const [stdout, stderr, [status]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      happens(child, 'exit'),
    ]);
    const results = args.includes('--results-file=RESULTS') ? readFileSync(join(scratch, 'RESULTS'), 'utf8') : null;
    return { status, stdout, stderr, results };
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

/** Masks times, rates, ports and addresses. @param {string} output */
const steady = (output) =>
  output
    .replace(/^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d /gm, '')
    .replace(/in \d+\.\d{3}sec/g, 'in #.###sec')
    .replace(/mean rate \d+\.\d\d /g, 'mean rate #.## ')
    .replace(/of \d+\.\d{6}sec/g, 'of #.######sec')
    .replace(/127\.0\.0\.1:\d{4,}/g, '127.0.0.1:PORT');

/** Drops lines that repeat the line before. @param {string[]} output */
const once = (output) => output.filter((line, i) => line !== output[i - 1]);

/** Returns the input of a difference, with a field of the length that it names. @param {{ input: string, long?: number }} each */
const inputOf = ({ input, long }) => (long === undefined ? input : input.replace('f=1', `f="${'x'.repeat(long)}"`));

try {
  const { inputs, flagSets, wrong } = json('cases.json');
  /** @type {Record<string, unknown[]>} */
  const runs = {};
  for (const [name, input] of Object.entries(inputs)) {
    runs[name] = [];
    for (const flags of flagSets) {
      const { status, stdout, results } = await run([`--urls=${url}`, ...flags], input);
      runs[name].push({ flags, status, stdout, results });
    }
  }
  const refused = [];
  for (const args of wrong) {
    const { status, stdout, stderr } = await run(args, '');
    refused.push({
      args,
      status,
      stdout,
      stderr: stderr.split('\n')[0]?.replace(/^Usage of .*:$/, 'Usage of load_cnosdb:'),
    });
  }
  const usage = (await run(['--help'], '')).stderr.split('\n').slice(1).join('\n');
  if (!process.argv.includes('--differences')) write('recorded.json', { usage, refused, runs });

  const differences = [];
  for (const each of json('differences.json')) {
    arrived = { lines: 0, statements: [] };
    refuses = each.target === 'refuses';
    const { status, stdout, stderr } = await run(
      [...(targets[each.target] ?? []), ...each.args],
      inputOf(each),
      each.files,
    );
    // A panic prints its stack below the first line.
    const message = steady(stderr).split(/\n(?=goroutine|\n)/)[0];
    differences.push({
      ...each,
      go: { status, stdout: once(steady(stdout).split('\n')), stderr: message, ...arrived },
    });
  }
  write('differences.json', differences);
} finally {
  server.close();
}
