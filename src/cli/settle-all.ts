// What a run leaves behind, one after the other: that one cannot be written is no reason to go without the others.

/** Throws what went wrong first, once all have had their turn. */
export async function runAllThenThrow(steps: readonly (() => Promise<void>)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const step of steps) await step().catch((error: unknown) => failures.push(error));
  if (failures.length > 0) throw failures[0];
}
