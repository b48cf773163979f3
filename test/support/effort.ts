// How much a test tries: `npm run soak` takes everything, `npm test` a sample.

export const isSoak = process.env.BULK_LOAD_SOAK === '1';

/** Returns how many of the random cases of a property this run tries. */
export function casesOf(all: number, sample = Math.ceil(all / 4)): number {
  return isSoak ? all : sample;
}
