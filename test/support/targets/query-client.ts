import { QueryClient, type QueryClientContext } from '../../../src/targets/http/query-client.js';
import type { ExchangeOutcome, HttpRequest } from '../../../src/targets/http/types.js';
import { realClock } from '../clock.js';

/** A query client without a network: `answer` gives status and body of each request. */
export function scriptedQueryClient(
  answer: (request: HttpRequest) => { readonly status: number; readonly body: string },
  context: Pick<QueryClientContext, 'verdicts'> & Partial<QueryClientContext>,
): QueryClient {
  const send = (_: number, request: HttpRequest): Promise<ExchangeOutcome> =>
    Promise.resolve({ kind: 'response', response: { headers: {}, ...answer(request) }, truncated: false });
  return new QueryClient({
    title: context.verdicts.title,
    connections: {
      send,
      open: async (index, request) => {
        const outcome = await send(index, request);
        const body = outcome.kind === 'response' ? outcome.response.body : '';
        return { outcome, chunks: chunksOf(body) };
      },
    },
    clock: realClock,
    signal: new AbortController().signal,
    urls: ['http://host:1'],
    order: [0],
    waitMs: 0,
    maxResponseBytes: 64 * 1024 * 1024,
    ...context,
  });
}

async function* chunksOf(body: string): AsyncGenerator<Uint8Array, void> {
  yield Buffer.from(body);
}
