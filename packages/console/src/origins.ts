import { isPublicUrl } from '@weir/metrics'
import { type Presence } from './collector/presence.js'

const MOST = 20

/**
 * Returns the origins of the public addresses that services announce; pages may send requests
 * there.
 */
export function originsOf (presences: readonly Presence[]): string[] {
  const origins = presences.flatMap(({ state: { announced } }) =>
    announced?.publicUrl !== undefined && isPublicUrl(announced.publicUrl)
      ? [new URL(announced.publicUrl).origin]
      : []
  )
  return [...new Set(origins)].slice(0, MOST)
}
