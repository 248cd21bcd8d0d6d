import type { Test } from 'tap'
import type { Stamp, Store } from '../src/index.js'
import type { Place } from './instance-process.js'

/** An empty place for a store, with operations that bypass the store. */
export interface StorePlace {
  /**
   * Opens a store there, closed after the test. If the store is shared, each is a separate handle.
   */
  open (options?: { readonly maxTags?: number }): Promise<Store>
  /** Sets the namespace's clock, as if an instance with that clock had been the last to ask. */
  setClock (namespace: string, clock: Stamp): Promise<void>
  /** Milliseconds until the store itself drops the entry. If absent, `Date` decides. */
  remaining?(namespace: string, key: string): Promise<number>
  /** Loses clock, floor and tag records, like an eviction or a flush. Only if that is possible. */
  loseRecords?(namespace: string): Promise<void>
  /** Loses only the records of replacements. Only if that is possible. */
  loseReplacements?(namespace: string): Promise<void>
  /** The place for a second process. */
  readonly process?: Place
}

export type MakePlace = (t: Test) => Promise<StorePlace>
