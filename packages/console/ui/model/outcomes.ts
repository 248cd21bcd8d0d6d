import type { Outcome } from '@weir/metrics'

/** Outcomes of requests with their labels, in the order of the charts: the cheapest first. */
export const OUTCOMES: readonly { readonly outcome: Outcome, readonly label: string }[] = [
  { outcome: 'l1', label: 'memory' },
  { outcome: 'l2', label: 'store' },
  { outcome: 'coalesced', label: 'coalesced' },
  { outcome: 'stale', label: 'stale' },
  { outcome: 'miss', label: 'computed' },
  { outcome: 'bypass', label: 'bypass' },
  { outcome: 'uncached', label: 'no cache' },
  { outcome: 'refill', label: 'refill' },
  { outcome: 'limited', label: 'rate-limited' },
  { outcome: 'error', label: 'error' }
]

const labels = new Map<Outcome, string>(OUTCOMES.map(({ outcome, label }) => [outcome, label]))

/** @example labelOf('l1') // 'memory' */
export const labelOf = (outcome: Outcome): string => labels.get(outcome) ?? outcome
