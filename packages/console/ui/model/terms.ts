/** The terms of the console with their definitions: the one list of them. */
export const TERMS = {
  l1: 'A hit from the memory of the instance that answered.',
  l2: 'A hit from the store that all instances share.',
  coalesced:
    'A request that waited for a fill that was already under way, and was answered with its response.',
  stale: 'A response that was served after its freshness lifetime, as its route allows.',
  miss: 'A miss: the handler computed the response, and the cache stored it.',
  bypass: 'The handler answered, and the response was not stored.',
  uncached: 'A request to a route without a cache.',
  refill: 'The handler ran in the background to renew a stored response.',
  limited: 'A request that was refused with 429 because its client had used up its budget.',
  error: 'A response with a 5xx status.',
  hitRatio:
    'Requests answered from the cache, divided by those and misses: hits from memory and store, coalesced and stale. ' +
    'Requests that cannot be cached do not count.',
  saved:
    'Time that handlers did not have to run: for each response from the cache, the time that computing it had taken.',
  p50: 'Half of the requests took at most this long.',
  p99: '99% of the requests took at most this long.',
  hitLatency:
    'The p50 of hits from memory and store, next to the p50 of responses that a handler computed. Half of the requests took at most ' +
    'this long.',
  shared: 'Hits that reused a response computed by another instance.',
  notModified:
    'Responses without a body, because the client has the current version: its If-None-Match was the ETag.',
  rate: 'Requests of clients in the last second, over all instances.'
} as const

export type TermId = keyof typeof TERMS
