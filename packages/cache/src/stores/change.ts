import type { TagTable } from '../tag-table.js'
import type { Stamp } from '../validity.js'

/** A change of a namespace's records. */
export type Change =
  | { readonly kind: 'invalidate'; readonly stamp: Stamp; readonly tags: readonly string[] }
  /** @property until milliseconds since the epoch; Infinity: no expiry */
  | {
    readonly kind: 'replace'
    readonly stamp: Stamp
    readonly key: string
    readonly until: number
  }
  | { readonly kind: 'clear'; readonly stamp: Stamp }

/** Applies the change to an instance's copy of the records. */
export function applyTo (table: TagTable, change: Change): void {
  switch (change.kind) {
    case 'invalidate':
      for (const tag of change.tags) table.record(tag, change.stamp)
      return
    case 'replace':
      table.replace(change.key, change.stamp, change.until)
      return
    case 'clear':
      table.raise(change.stamp)
  }
}
