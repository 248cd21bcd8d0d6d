import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { Cache, type CacheEvents } from '@weir/cache'
import type { FastifyBaseLogger } from 'fastify'

type CacheErrorEvent = CacheEvents['weir:cache:error']

// Milliseconds per log line for the same kind of failure of a cache.
const INTERVAL = 60_000

/**
 * Logs errors of these caches that no caller receives: an unresponsive store, a value that is too
 * large, a function that fails in the background. Writes one line a minute for each cache and kind
 * of operation; the next line has the number of errors in between.
 * @returns a function that stops logging
 */
export function logErrors (caches: object, log: FastifyBaseLogger): () => void {
  const namespaces = new Set(
    Object.values(caches).flatMap((cache: unknown) =>
      cache instanceof Cache ? [cache.namespace] : []
    )
  )
  const last = new Map<string, { at: number, unsaid: number }>()
  const onError = (message: unknown) => {
    const { namespace, operation, key, error } = message as CacheErrorEvent
    if (!namespaces.has(namespace)) return
    const kind = `${operation} ${namespace}`
    const before = last.get(kind)
    const now = Date.now()
    if (before !== undefined && now - before.at < INTERVAL) {
      before.unsaid++
      return
    }
    last.set(kind, { at: now, unsaid: 0 })
    log.warn(
      { err: error, cache: namespace, operation, key, ...(before && { unsaid: before.unsaid }) },
      MESSAGES[operation]
    )
  }
  subscribe('weir:cache:error', onError)
  return () => { unsubscribe('weir:cache:error', onError) }
}

const MESSAGES = {
  read: 'the cache could not be read: values are computed meanwhile',
  write: 'a value could not be stored in the cache',
  fill: 'a value could not be recomputed: the current one is served'
} as const satisfies Record<CacheErrorEvent['operation'], string>
