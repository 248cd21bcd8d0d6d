import type { Test } from 'tap'
import type { Stamp, Store } from '../src/index.js'
import type { Place } from './instance-process.js'

/** An empty place for a store, and what the suite has to do to it behind the store's back. */
export interface StorePlace {
  /**
   * A store there, closed with the test. Where the store is shared, each is a handle of its own.
   */
  open (options?: { readonly maxTags?: number }): Promise<Store>
  /**
   * Puts the namespace's clock where it says, as if an instance with that clock had been the last
   * to ask.
   */
  setClock (namespace: string, clock: Stamp): Promise<void>
  /** Milliseconds until the store itself drops the entry. Where it is missing, `Date` decides. */
  remaining?(namespace: string, key: string): Promise<number>
  /**
   * Loses clock, floor and tag records, as an eviction or a flush does. Only where that can happen.
   */
  loseRecords?(namespace: string): Promise<void>
  /** Loses the records of replacements alone. Only where that can happen. */
  loseReplacements?(namespace: string): Promise<void>
  /** For a second process. */
  readonly process?: Place
}

export type MakePlace = (t: Test) => Promise<StorePlace>
