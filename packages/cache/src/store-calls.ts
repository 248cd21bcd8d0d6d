import type { Claim, Entries, FillLease } from './store.js'
import type { Validity } from './validity.js'

/** The calls of a store's namespace. `set` includes that of a fill lease. */
export type StoreOperation =
  | 'get'
  | 'set'
  | 'delete'
  | 'swap'
  | 'increment'
  | 'claim'
  | 'scan'
  | 'stamp'
  | 'callStamp'
  | 'stampIfValid'
  | 'invalidate'
  | 'replace'
  | 'replaced'
  | 'clear'
  | 'isValid'
  | 'waitForLeases'

/** One call of a store. */
export interface StoreCall {
  readonly namespace: string
  /** The database of the store, as OpenTelemetry names it; undefined for memory. */
  readonly system?: string
  readonly operation: StoreOperation
  readonly keys?: readonly string[]
  readonly tags?: readonly string[]
}

/** Invokes `run`, now or later, and returns its result. */
export type AroundCall = <R>(
  run: () => Promise<R>,
  operation: StoreOperation,
  names?: Pick<StoreCall, 'keys' | 'tags'>
) => Promise<R>

/** Wraps each call of the entries. */
export function aroundEntries (entries: Entries, around: AroundCall): Entries {
  const scan = entries.scan?.bind(entries)
  const leased = (key: string, lease: FillLease): FillLease => ({
    stamp: lease.stamp,
    ...(lease.id !== undefined && { id: lease.id }),
    store: (frame, ttl) => around(() => lease.store(frame, ttl), 'set', { keys: [key] }),
    end: (how) => { lease.end(how) },
    setWaits: async (fills) => { await lease.setWaits?.(fills) },
    setTrace: (trace) => { lease.setTrace?.(trace) }
  })
  return {
    get: (keys) => around(() => entries.get(keys), 'get', { keys }),
    set: (key, frame, ttl) => around(() => entries.set(key, frame, ttl), 'set', { keys: [key] }),
    delete: (key, upTo) => around(() => entries.delete(key, upTo), 'delete', { keys: [key] }),
    swap: (key, seen, frame, ttl) =>
      around(() => entries.swap(key, seen, frame, ttl), 'swap', { keys: [key] }),
    increment: (key, seen, by) =>
      around(() => entries.increment(key, seen, by), 'increment', { keys: [key] }),
    async claim (key, seen): Promise<Claim> {
      const claim = await around(() => entries.claim(key, seen), 'claim', { keys: [key] })
      return claim.kind === 'granted' ? { ...claim, lease: leased(key, claim.lease) } : claim
    },
    waitsOf: async (fill) => (await entries.waitsOf?.(fill)) ?? [],
    ...(scan && { scan: (cursor, limit) => around(() => scan(cursor, limit), 'scan') })
  }
}

/** Wraps each call of the validity. Synchronous checks of Rule V are not calls. */
export function aroundValidity (validity: Validity, around: AroundCall): Validity {
  return {
    stamp: () => around(() => validity.stamp(), 'stamp'),
    callStamp: () => around(() => validity.callStamp(), 'callStamp'),
    stampIfValid: (entry) =>
      around(() => validity.stampIfValid(entry), 'stampIfValid', { keys: [entry.key] }),
    invalidate: (tags, consistency) =>
      around(() => validity.invalidate(tags, consistency), 'invalidate', { tags }),
    replace: (entry, until) =>
      around(() => validity.replace(entry, until), 'replace', { keys: [entry.key] }),
    replaced: (key, stamp, until) =>
      around(() => validity.replaced(key, stamp, until), 'replaced', { keys: [key] }),
    clear: (consistency) => around(() => validity.clear(consistency), 'clear'),
    waitForLeases: () => around(() => validity.waitForLeases(), 'waitForLeases'),
    isValid (entry) {
      const valid = validity.isValid(entry)
      return typeof valid === 'boolean'
        ? valid
        : around(() => valid, 'isValid', { keys: [entry.key] })
    }
  }
}
