/** All terms of the console with their definitions. */
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
  rate: 'Requests of clients in the last second, over all instances.',
  requests: 'Requests of clients. Refills in the background do not count.',
  bytesSent: 'Bytes of response bodies that were sent.',
  reasons: 'Why responses were not stored, as `detail` of Cache-Status says it, and how often.',
  route: 'A method and a URL pattern of a service, over all of its instances.',
  cache: 'A cache of an application or of fragments, by the name that the service gives it.',
  misses: 'Reads that found nothing to serve, and fills in the background.',
  fill: 'Computing a response for the cache; coalesced requests wait for it.',
  instance: 'One process of a service.',
  instanceState:
    'Up: it reported within the last 5 seconds. Ended: it closed in good order. Gone: it stopped reporting without saying so.',
  computed: 'Responses that handlers of this instance computed, and the cache stored.',
  entries: 'Entries in the memory of this instance.',
  memoryBytes: 'Bytes of the entries in the memory of this instance.',
  evictions: 'Entries that memory had no room for any more.',
  rss: 'Memory of the process that is in RAM (resident set size).',
  eventLoop: 'Delay of the event loop: 99% of the measurements were below this, within a second.',
  policy: 'A limit: a number of requests per time, over all instances together.',
  client: 'A user, or the network that requests come from. Whole addresses are not stored.',
  started: 'An instance reported for the first time.',
  ended: 'An instance closed in good order, and said so.',
  killed:
    'An instance stopped reporting for 5 seconds without having said that it ends: it was killed, crashed, or is cut off.',
  returned: 'An instance that counted as killed reports again: it was frozen or cut off.',
  redisLost: 'Redis did not answer the console, or answers again.',
  breaker:
    'A circuit breaker. Open: calls to something that does not answer are refused at once. Closed: a probe was answered.',
  invalidated: 'Entries with a tag, or a whole namespace, may not be served any more.',
  destination:
    'A cache beyond the fleet, such as a CDN or Varnish, that is purged by each invalidation.',
  edgeState:
    'Ok: it confirms purges. Limited: it takes no more calls for now, and purges wait. Failing: ' +
    'its last call failed.',
  backlog: 'Purges that it has not confirmed yet. They are repeated until it does.',
  deadLetter:
    'A purge that was given up, because the destination refused it or all retries failed. It ' +
    'serves the old version until that expires.',
  tag: 'A name on entries, by which they are invalidated together.',
  namespace: 'The entries of one cache.',
  advice:
    'Recommended by shadow mode, which observes routes without caching and simulates a cache. ' +
    'Responses are not changed.',
  ttl: 'Time for which a response is served from the cache before it is computed again.',
  expectedHitRatio: 'Requests that the cache would have answered, of those that it may answer.',
  staleShare: 'Hits whose response had changed in the meantime, as long as nothing invalidates it.',
  expectedSaving: 'Handler time that hits would save per hour, all instances together.',
  expectedMemory: 'Bodies that the cache would hold at a time.'
} as const

export type TermId = keyof typeof TERMS
