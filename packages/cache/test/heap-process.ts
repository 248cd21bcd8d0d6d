import { setTimeout } from 'node:timers/promises'
import { getHeapStatistics } from 'node:v8'
import { type Cache, createCache } from '../src/index.js'
import { memoryStore } from '../src/stores/memory.js'
import { shapes } from './shapes.js'

/**
 * Writes what an entry takes of the heap and what the cache believes that it does, for each shape,
 * a line each. Needs --expose-gc.
 */

// Enough for what else happens on the heap not to matter.
const BYTES = 2.5e6
// Two readings of the heap that differ by less are the same.
const SETTLED = 10_000

export interface Held {
  readonly shape: string
  /** Filled here; or read from the store. */
  readonly from: 'fill' | 'store'
  readonly heap: number
  readonly estimate: number
}

const store = memoryStore({ maxBytes: 2 ** 30 })

for (const [shape, make] of Object.entries(shapes)) {
  const namespace = shape.replaceAll(' ', '-')
  const options = { store, namespace }
  const fill = async (cache: Cache<unknown>, count: number) => {
    for (let i = 0; i < count; i++) {
      await cache.remember(`key:${i}`, { ttl: '1h', tags: [`product:${i}`, 'products'] }, () =>
        make(i)
      )
    }
  }
  const read = async (cache: Cache<unknown>, count: number) => {
    for (let i = 0; i < count; i++) await cache.get(`key:${i}`)
  }
  // Compiles what is compiled, and tells how many it takes. In a namespace of its own: a fill must
  // not find these.
  const warm = createCache({ store, namespace: `${namespace}-warm` })
  await fill(warm, 100)
  const { bytes } = warm.stats().l1
  await read(createCache({ store, namespace: warm.namespace, l1: false }), 100)
  for (let i = 0; i < 100; i++) warm.evict(`key:${i}`)
  const count = Math.max(100, Math.ceil(BYTES / (bytes / 100)))
  for (const [from, work] of [['fill', fill], ['store', read]] as const) {
    // This store gives away its own memory where it would be copied for little.
    if (shape === 'large Buffers' && from === 'store') continue
    const cache = createCache({ ...options, l1: { maxBytes: 2 ** 30, maxEntries: 8192 } })
    await work(cache, count)
    const { entries, bytes } = cache.stats().l1
    const full = await held()
    for (let i = 0; i < count; i++) cache.evict(`key:${i}`)
    const heap = full - await held()
    if (entries !== count) throw new Error(`${entries} entries, not ${count}`)
    process.stdout.write(
      `${JSON.stringify({ shape, from, heap: heap / count, estimate: bytes / count } satisfies Held)}\n`
    )
  }
}

/**
 * The heap and what it holds outside of it, which is freed some time after a collection: read until
 * it stays the same.
 */
async function held (): Promise<number> {
  let last = Infinity
  for (let readings = 0; readings < 50; readings++) {
    globalThis.gc?.()
    await setTimeout(5)
    const { used_heap_size: heap, external_memory: external } = getHeapStatistics()
    if (Math.abs(heap + external - last) < SETTLED) return heap + external
    last = heap + external
  }
  return last
}
