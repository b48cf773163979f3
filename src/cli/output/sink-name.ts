// What took the points of `--dry-run`, as people call it.

/** Null where points go to a target. */
export function outletName(dryRun: string | null): string | null {
  return dryRun === '-' ? 'standard output' : dryRun;
}
