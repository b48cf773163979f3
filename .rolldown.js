// What is installed: the modules of dist in a few files. Node takes longer to find and read 300 modules than to start. What
// every load uses is bundled too: 64 of the 100 modules of zod are languages, and commander is six files.

import { readdirSync, readFileSync } from 'node:fs';
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
  ],
  platform: 'node',
  // By name, before anything is resolved.
  external: (id) => /^[a-z@]/.test(id) && !bundled.includes(id.split('/')[0]),
  plugins: [
    { name: 'required', transform: { filter: { id: /node_modules\/(commander|undici)/ }, handler: required } },
    { name: 'builtins', renderChunk: builtins },
    { name: 'ascii', generateBundle: (_, bundle) => Object.values(bundle).forEach(escapeChunk) },
  ],
  output: {
    dir: 'dist/bundle',
    cleanDir: true,
    codeSplitting: {
      // Each module takes Node half a millisecond, so a load reads four files: `core` and `lines` serve the worker thread
      // as well, `start` serves the help.
      groups: [
        { name: 'undici', test: /node_modules\/undici|connection\/undici/, priority: 5 },
        { name: 'core', test: /dist\/(core\/(?!io\/position-schema)|formats\/line-protocol\/index)/, priority: 4 },
        { name: 'start', test: /dist\/cli\/main\.js/, priority: 3 },
        { name: 'lines', test: /dist\/formats\/line-protocol\/line-format/, priority: 2 },
        { name: 'load', test: /dist\/(cli\/load-command|targets\/(dry-run\/index|cnosdb\/|http\/))/, priority: 1 },
      ],
    },
    // Comments for maintainers stay in the sources; licences stay in the bundle.
    comments: { annotation: true, jsdoc: false, legal: true },
    chunkFileNames: '[name]-[hash].js',
    banner: ({ moduleIds }) => licenses.flatMap(({ isOf, text }) => (moduleIds.some(isOf) ? text : [])).join('\n'),
  },
});

/** Escapes what is not ASCII. V8 keeps two bytes for every character of a file that has one beyond Latin-1. */
function escapeChunk(chunk) {
  if (chunk.type !== 'chunk') return;
  chunk.code = chunk.code.replace(/[^\x00-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function licenseFile(name) {
  return readdirSync(new URL(`node_modules/${name}`, import.meta.url)).find((file) => /^license/i.test(file));
}

/**
 * Takes modules of Node without an import statement. That one reads every export, so it loads what is made on demand: the
 * Web Crypto API, the stream of standard input, and for node:http a whole WebSocket client.
 */
function builtins(code) {
  return code.replace(/^import (.*) from "(node:[a-z0-9/_]+)";$/gm, (_, names, id) => {
    const from = `process.getBuiltinModule("${id}")`;
    return names
      .split(/, (?=\{)/)
      .map((part) => `const ${part.replace(/^\* as /, '').replace(/ as /g, ': ')} = ${from};`)
      .join(' ');
  });
}

/** Modules of Node that bundled packages need only for what is not used: commands in programs of their own, and HTTP/2. */
const unused = { 'node:child_process': '{}', 'node:http2': '{ constants: {} }' };

/** Does the same for `require`. */
function required(code) {
  return code.replace(
    /require\('(node:.*?)'\)/g,
    (_, id) => unused[id] ?? `globalThis.process.getBuiltinModule('${id}')`,
  );
}
