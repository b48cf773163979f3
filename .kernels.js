// Compiles the kernels to WebAssembly. One process compiles all of them, because a compiler that starts for each kernel
// takes three times the CPU time.

import asc from 'assemblyscript/asc';

const lines = 'src/formats/kernel/assembly/lines/index.ts';
const rows = 'src/formats/kernel/assembly/rows/index.ts';
const deflate = 'src/targets/http/encoding/assembly/index.ts';
const simd = ['--enable', 'simd'];
const shared = ['--enable', 'threads', '--sharedMemory', '--maximumMemory', '65536'];
const kernels = [
  [lines, 'dist/formats/kernel.wasm', ...simd],
  [lines, 'dist/formats/kernel-shared.wasm', ...simd, ...shared],
  [rows, 'dist/formats/rows.wasm', ...simd],
  [rows, 'dist/formats/rows-shared.wasm', ...simd, ...shared],
  [deflate, 'dist/targets/deflate.wasm', ...shared],
];

for (const [source, file, ...features] of kernels) {
  const options = ['-O3', ...features, '--runtime', 'stub', '--importMemory', '--use', 'abort='];
  const { error, stderr } = await asc.main([source, '-o', file, ...options]);
  process.stderr.write(stderr.toString());
  if (error !== null) process.exitCode = 1;
}
