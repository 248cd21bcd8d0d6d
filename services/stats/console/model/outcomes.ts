import type { Outcome } from '@weir/metrics'

/** How a request was answered, in the console's words. The order is that of charts, from the cheapest answer on. */
export const OUTCOMES: readonly { readonly outcome: Outcome, readonly label: string, readonly meaning: string }[] = [
  { outcome: 'l1', label: 'memory', meaning: 'from the memory of the instance that was asked' },
  { outcome: 'l2', label: 'store', meaning: 'from the store that all instances share' },
  { outcome: 'coalesced', label: 'coalesced', meaning: 'waited for a response that was being computed already' },
  { outcome: 'stale', label: 'stale', meaning: 'past its freshness, as its route allows' },
  { outcome: 'miss', label: 'computed', meaning: 'by the handler, for the cache to keep' },
  { outcome: 'bypass', label: 'not kept', meaning: 'by the handler, because it may not be cached' },
  { outcome: 'uncached', label: 'no cache', meaning: 'on a route without a cache' },
  { outcome: 'refill', label: 'refill', meaning: 'by the handler, in the background' },
  { outcome: 'limited', label: 'limited', meaning: 'refused with 429' },
  { outcome: 'error', label: 'error', meaning: 'failed with a 5xx' }
]

const labels = new Map<Outcome, string>(OUTCOMES.map(({ outcome, label }) => [outcome, label]))

/** @example labelOf('l1') // 'memory' */
export const labelOf = (outcome: Outcome): string => labels.get(outcome) ?? outcome
