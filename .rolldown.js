// What is installed: the modules of dist in a few files, since to find and read 300 of them takes longer than Node takes to
// start. Packages stay packages, but zod: of its 100 modules 64 are languages that no one asks for, kept in memory for good.

import { readFileSync } from 'node:fs';
import { defineConfig } from 'rolldown';

const license = readFileSync(new URL('node_modules/zod/LICENSE', import.meta.url), 'utf8');
const isZod = /[/\\]node_modules[/\\]zod[/\\]/;

export default defineConfig({
  input: [
    'dist/index.js',
    'dist/cli/main.js',
    'dist/cli/load-cnosdb/load-cnosdb.js',
    'dist/formats/line-protocol/worker/worker-main.js',
  ],
  platform: 'node',
  // By name, before anything is resolved.
  external: (id) => /^[a-z@]/.test(id) && !/^zod(\/|$)/.test(id),
  output: {
    dir: 'dist/bundle',
    cleanDir: true,
    // Comments for maintainers stay in the sources; licences stay in the bundle.
    comments: { annotation: true, jsdoc: false, legal: true },
    chunkFileNames: '[name]-[hash].js',
    banner: ({ moduleIds }) => (moduleIds.some((id) => isZod.test(id)) ? `/*! zod:\n${license}*/` : ''),
  },
});
