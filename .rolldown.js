// What is installed: the modules of dist in a few files. Node takes longer to find and read 300 modules than to start. zod
// and commander are bundled too: 64 of the 100 modules of zod are languages, and commander is six files.

import { readFileSync } from 'node:fs';
import { defineConfig } from 'rolldown';

const bundled = ['zod', 'commander'];
const licenses = bundled.map((name) => ({
  isOf: (id) => id.includes(`/node_modules/${name}/`),
  text: `/*! ${name}:\n${readFileSync(new URL(`node_modules/${name}/LICENSE`, import.meta.url), 'utf8')}*/`,
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
  plugins: [{ name: 'ascii', generateBundle: (_, bundle) => Object.values(bundle).forEach(escapeChunk) }],
  output: {
    dir: 'dist/bundle',
    cleanDir: true,
    codeSplitting: {
      // Each module takes Node half a millisecond, so a load reads four files: `core` and `lines` serve the worker thread
      // as well, `start` serves the help.
      groups: [
        { name: 'core', test: /dist\/(core\/|formats\/line-protocol\/index)/, priority: 4 },
        { name: 'start', test: /dist\/cli\/main\.js/, priority: 3 },
        { name: 'lines', test: /dist\/formats\/line-protocol\/line-format/, priority: 2 },
        { name: 'load', test: /dist\/(cli\/load-command|targets\/dry-run\/index)/, priority: 1 },
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
