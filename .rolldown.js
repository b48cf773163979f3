// What is installed: the modules of dist in a few files. Node takes longer to find and read 300 modules than to start. What
// every load uses is bundled too: 64 of the 100 modules of zod are languages, and commander is six files. The files are
// CommonJS, so that bin/program.js can keep their compiled code.

import { readdirSync, readFileSync } from 'node:fs';
import { Script } from 'node:vm';
import { defineConfig } from 'rolldown';

const bundled = ['zod', 'commander', 'p-limit', 'yocto-queue', 'undici'];
const licenses = bundled.map((name) => ({
  isOf: (id) => id.includes(`/node_modules/${name}/`),
  text: `/*! ${name}:\n${readFileSync(new URL(`node_modules/${name}/${licenseFile(name)}`, import.meta.url), 'utf8')}*/`,
}));

export default defineConfig({
  input: [
    'dist/index.js',
    'dist/cli/main.js',
    'dist/cli/load-cnosdb/load-cnosdb.js',
    'dist/formats/line-protocol/worker/worker-main.js',
    'dist/formats/rows/worker/row-worker-main.js',
    'dist/formats/parquet/worker/parquet-worker-main.js',
    'dist/inputs/decompress/gunzip-main.js',
    'dist/targets/http/encoding/deflate-main.js',
  ],
  platform: 'node',
  // By name, before anything is resolved.
  external: (id) => /^[a-z@]/.test(id) && !bundled.includes(id.split('/')[0]),
  plugins: [
    { name: 'required', transform: { filter: { id: /node_modules\/(commander|undici)/ }, handler: required } },
    { name: 'script', renderChunk: script },
    { name: 'files', generateBundle: files },
  ],
  output: {
    dir: 'dist/bundle',
    cleanDir: true,
    codeSplitting: {
      // Each module takes Node half a millisecond, so a load reads four files: `core` and `lines` serve the worker
      // threads as well, `start` serves the help.
      groups: [
        {
          name: 'core',
          test: /dist\/(core\/(?!io\/position-schema)|formats\/(line-protocol\/index|kernel\/assembly\/rows\/row-memory|rows\/(kernel\/kernel-instance|worker\/row-worker-messages|rows-layout|mapping\/field-columns)|parquet\/worker\/run-images)|inputs\/(decompress\/(gzip|gunzip-thread)|local\/(file|raw-source|buffered-file|stream-source)))/,
          priority: 4,
        },
        { name: 'zod', test: /node_modules\/zod/, priority: 4 },
        { name: 'start', test: /dist\/cli\/main\.js/, priority: 3 },
        { name: 'lines', test: /dist\/formats\/line-protocol\/line-format/, priority: 2 },
        {
          name: 'load',
          test: /node_modules\/undici|dist\/(cli\/load-command|targets\/(dry-run\/index|cnosdb\/|http\/(?!encoding\/deflate-main)))/,
          priority: 1,
        },
      ],
    },
    // Comments for maintainers stay in the sources; licences stay in the bundle.
    comments: { annotation: true, jsdoc: false, legal: true },
    entryFileNames: '[name].cjs',
    chunkFileNames: '[name]-[hash].cjs',
    banner: ({ moduleIds }) => licenses.flatMap(({ isOf, text }) => (moduleIds.some(isOf) ? text : [])).join('\n'),
  },
});

/** Adds index.js for programs that import the package. */
function files(_, bundle) {
  for (const chunk of Object.values(bundle)) {
    escapeChunk(chunk);
    // Here, since rolldown would indent every line: 60 KB.
    chunk.code = `(${run})(function (exports, require, __filename) {'use strict';\n${chunk.code}\n});\n`;
    // Throws where a module declares a name that CommonJS has, such as exports.
    new Script(chunk.code, { filename: chunk.fileName });
  }
  const names = bundle['index.cjs'].exports.join(', ');
  const source = `import { createRequire } from 'node:module';\n\nexport const { ${names} } = createRequire(import.meta.url)('./index.cjs');\n`;
  this.emitFile({ type: 'asset', fileName: 'index.js', source });
}

/** Escapes what is not ASCII. V8 keeps two bytes for every character of a file that has one beyond Latin-1. */
function escapeChunk(chunk) {
  chunk.code = chunk.code.replace(/[^\x00-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function licenseFile(name) {
  return readdirSync(new URL(`node_modules/${name}`, import.meta.url)).find((file) => /^license/i.test(file));
}

/**
 * Turns a module into CommonJS. It copies what it imports: of the getters that rolldown would write, each call costs time.
 * Modules of Node come without a statement that reads every export and so loads what is made on demand: the Web Crypto API,
 * the stream of standard input, and for node:http a whole WebSocket client. `require.importModule` is of bin/program.js.
 */
function script(code) {
  return code
    .replace(/^import (.*) from "(.*)";$/gm, (_, names, id) => {
      if (onDemand.includes(id))
        return names
          .slice(2, -2)
          .split(', ')
          .map((name) => callOnDemand(name, id))
          .join(' ');
      const from = id.startsWith('node:') ? `process.getBuiltinModule("${id}")` : `require("${id}")`;
      return names
        .split(/, (?=\{)/)
        .map((part) => `const ${destructured(part, id)} = ${from};`)
        .join(' ');
    })
    .replace(
      /^export \{(.*)\};$/gm,
      (_, names) => `Object.assign(exports, {${names.replace(/([\w$]+) as ([\w$]+)/g, '$2: $1')}});`,
    )
    .replace(/\bimport\(("\.\/[^"]*")\)/g, 'Promise.resolve().then(() => require($1))')
    .replace(/(?<![.\w])import\(([^)]*)\)/g, '(require.importModule?.($1) ?? import($1))')
    .replaceAll('import.meta.url', 'process.getBuiltinModule("node:url").pathToFileURL(__filename).href');
}

/** Modules of Node that only some loads need. They export functions, and each takes a millisecond or more. */
const onDemand = ['node:crypto', 'node:dns/promises', 'node:perf_hooks', 'node:readline'];

function callOnDemand(name, id) {
  const [imported, local = imported] = name.split(' as ');
  return `const ${local} = (...values) => process.getBuiltinModule("${id}").${imported}(...values);`;
}

/** Runs a file that Node requires. To bin/program.js, whose scripts have no exports, it is the value of the script. */
const run = "(file) => typeof exports === 'object' ? file(exports, require, __filename) : file";

function destructured(names, id) {
  if (names.startsWith('* as ')) return names.slice(5);
  if (names.startsWith('{')) return names.replace(/ as /g, ': ');
  return id.startsWith('node:') ? names : `{ default: ${names} }`;
}

/** What bundled packages need of modules of Node that a load does not use otherwise. */
const unused = {
  'node:assert':
    '((isTrue, message) => { if (!isTrue) throw message instanceof Error ? message : new Error(message); })',
  'node:child_process': '{}',
  'node:http': '{ maxHeaderSize: 16384 }',
  'node:http2': '{ constants: {} }',
};

/** Does the same for `require`. Leaves out the HTTP parser without SIMD, because the kernels need SIMD as well. */
function required(code) {
  return code
    .replaceAll('/llhttp-wasm.js', '/llhttp_simd-wasm.js')
    .replace(/require\('(node:.*?)'\)/g, (_, id) => unused[id] ?? `globalThis.process.getBuiltinModule('${id}')`);
}
