import { freshness, type ListedKey } from '@weir/cache'
import { nameOf } from './response-key.js'

/** State of an entry. `invalid`: invalidated, or written by another version; a read is a miss. */
export type KeyState = 'fresh' | 'stale' | 'expired' | 'invalid'
export const KEY_STATES = ['fresh', 'stale', 'expired', 'invalid'] as const

export const isKeyState = (text: string): text is KeyState =>
  KEY_STATES.some((state) => state === text)

/** Conditions on keys, all of which must hold. Absent conditions match any key. */
export interface KeyFilter {
  /** Part of the URL, of the route pattern or of the key. */
  readonly route?: string | undefined
  readonly tag?: string | undefined
  readonly state?: KeyState | undefined
  readonly filledBy?: string | undefined
  readonly minBytes?: number | undefined
  /** Milliseconds since the entry was stored. */
  readonly minAge?: number | undefined
}

/** Returns the current state of an entry. */
export function stateOf (
  { entry, valid }: Pick<ListedKey, 'entry' | 'valid'>,
  now: number
): KeyState {
  return entry === undefined || !valid ? 'invalid' : freshness(entry, now)
}

/** Whether a key meets all conditions. */
export function isWanted (listed: ListedKey, filter: KeyFilter, now: number): boolean {
  const { key, entry, bytes } = listed
  const { route, tag, state, filledBy, minBytes, minAge } = filter
  return (
    (state === undefined || stateOf(listed, now) === state) &&
    (tag === undefined || entry?.tags.includes(tag) === true) &&
    (filledBy === undefined || entry?.filledBy === filledBy) &&
    (minBytes === undefined || bytes >= minBytes) &&
    (minAge === undefined || (entry !== undefined && now - entry.storedAt >= minAge)) &&
    (route === undefined || key.includes(route) || nameOf(key)?.route?.includes(route) === true)
  )
}
