import type { Test } from 'tap'
import { claims, sharedClaims } from './claims-contract.js'
import { entries } from './entries-contract.js'
import { listing } from './listing-contract.js'
import { sharedSwaps, swapRecords, swaps } from './swaps-contract.js'
import type { MakePlace } from './store-place.js'
import { reopening, sharing } from './sharing-contract.js'
import { records, replacements, stamps } from './validity-contract.js'

/** Properties of a store that determine which parts of the contract apply. */
export interface StoreTraits {
  /** Other processes see its writes. */
  readonly shared: boolean
  /** Entries outlive the process. */
  readonly persistent: boolean
  /** The store can list its keys. Default true. */
  readonly lists?: boolean
}

/** The contract of every store. Runs against an empty place per test. */
export function storeContract (
  t: Test,
  name: string,
  { shared, persistent, lists = true }: StoreTraits,
  makePlace: MakePlace
): void {
  t.test(`${name} meets the store contract`, async (t) => {
    entries(t, makePlace)
    stamps(t, makePlace)
    records(t, makePlace)
    replacements(t, makePlace)
    swaps(t, makePlace)
    swapRecords(t, makePlace)
    claims(t, makePlace)
    if (lists) listing(t, makePlace)
    if (shared) {
      sharing(t, makePlace)
      sharedSwaps(t, makePlace)
      sharedClaims(t, makePlace)
    }
    if (persistent) reopening(t, makePlace)
  })
}
