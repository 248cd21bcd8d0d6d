import type { Test } from 'tap'
import type { Stamp, Store } from '../src/index.js'
import { claims, sharedClaims } from './claims-contract.js'
import { entries } from './entries-contract.js'
import type { Place } from './instance-process.js'
import { reopening, sharing } from './sharing-contract.js'
import { records, replacements, stamps } from './validity-contract.js'

/** An empty place for a store, and what the suite has to do to it behind the store's back. */
export interface StorePlace {
  /** A store there, closed with the test. Where the store is shared, each is a handle of its own. */
  open (options?: { readonly maxTags?: number }): Promise<Store>
  /** Puts the namespace's clock where it says, as if an instance with that clock had been the last to ask. */
  setClock (namespace: string, clock: Stamp): Promise<void>
  /** Milliseconds until the store itself drops the entry. Where it is missing, `Date` decides. */
  remaining?(namespace: string, key: string): Promise<number>
  /** Loses clock, floor and tag records, as an eviction or a flush does. Only where that can happen. */
  loseRecords?(namespace: string): Promise<void>
  /** For a second process. */
  readonly process?: Place
}

export type MakePlace = (t: Test) => Promise<StorePlace>

/** How a store behaves: which parts of the contract apply to it. */
export interface StoreTraits {
  /** Other processes see what this one writes. */
  readonly shared: boolean
  /** Entries outlive the process. */
  readonly persistent: boolean
}

/** The contract of every store. Runs against an empty place per test. */
export function storeContract (t: Test, name: string, { shared, persistent }: StoreTraits, makePlace: MakePlace): void {
  t.test(`${name} keeps the store contract`, async (t) => {
    entries(t, makePlace)
    stamps(t, makePlace)
    records(t, makePlace)
    replacements(t, makePlace)
    claims(t, makePlace)
    if (shared) {
      sharing(t, makePlace)
      sharedClaims(t, makePlace)
    }
    if (persistent) reopening(t, makePlace)
  })
}

export const ascending = (stamps: readonly Stamp[]) => stamps.every((stamp, i) => i === 0 || stamp > (stamps[i - 1] ?? Infinity))
