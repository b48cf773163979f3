// Parquet files for tests, written by DuckDB.

import { DuckDBInstance } from '@duckdb/node-api';

/** Writes the result of a query. @param options of COPY, such as `COMPRESSION zstd` */
export async function writeParquet(path: string, query: string, options = 'COMPRESSION snappy'): Promise<void> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    await connection.run("SET TimeZone = 'UTC'");
    await connection.run(`COPY (${query}) TO '${path}' (FORMAT parquet, ${options})`);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
