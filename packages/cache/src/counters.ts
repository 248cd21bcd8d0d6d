import { emit } from './events.js'
import type { Hit } from './options.js'

/** Counters and events of one cache. */
export class Counters {
  readonly hits = { l1: 0, l2: 0, coalesced: 0 }
  stale = 0
  misses = 0
  /** Microseconds that computing the values of all hits had taken. */
  savedMicros = 0
  stores = 0
  invalidations = 0
  errors = 0

  constructor (readonly namespace: string) {}

  hit<T> (key: string, hit: Hit<T>): Hit<T> {
    this.hits[hit.source]++
    if (hit.stale) this.stale++
    this.savedMicros += hit.entry.cost
    emit('weir:cache:hit', () => ({
      namespace: this.namespace,
      key,
      tags: hit.entry.tags,
      source: hit.source,
      stale: hit.stale,
      cost: hit.entry.cost
    }))
    return hit
  }

  miss (key: string): void {
    this.misses++
    emit('weir:cache:miss', () => ({ namespace: this.namespace, key }))
  }

  failed (operation: 'read' | 'write' | 'fill', key: string, error: unknown): void {
    this.errors++
    emit('weir:cache:error', () => ({ namespace: this.namespace, operation, key, error }))
  }

  /**
   * A failed read counts as a miss: the request continues without the cache, and an event reports
   * it.
   */
  async read<R> (key: string, answer: Promise<R>): Promise<R | undefined> {
    try {
      return await answer
    } catch (error) {
      this.failed('read', key, error)
      return undefined
    }
  }
}
