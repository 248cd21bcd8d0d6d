import { setTimeout } from 'node:timers/promises'
import { getHeapStatistics } from 'node:v8'
import { type Cache, createCache } from '../src/index.js'
import { memoryStore } from '../src/stores/memory.js'
import { shapes } from './shapes.js'

/**
 * Prints, for each shape, the actual heap size of an entry and the cache's estimate, one line each.
 * Needs --expose-gc.
 */

// Large enough to outweigh everything else on the heap.
const BYTES = 2.5e6
// Two heap readings that differ by less count as equal.
const SETTLED = 10_000

export interface Held {
  readonly shape: string
  /** Whether it is filled here or read from the store. */
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
  // Compiles the code and determines the number of entries. In a separate namespace, whose values
  // the fills must not find.
  const warm = createCache({ store, namespace: `${namespace}-warm` })
  await fill(warm, 100)
  const { bytes } = warm.stats().l1
  await read(createCache({ store, namespace: warm.namespace, l1: false }), 100)
  for (let i = 0; i < 100; i++) warm.evict(`key:${i}`)
  const count = Math.max(100, Math.ceil(BYTES / (bytes / 100)))
  for (const [from, work] of [['fill', fill], ['store', read]] as const) {
    // This store returns its own memory for values that are cheap to copy.
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
 * Reads the heap and external memory until they are stable: external memory is freed some time
 * after a collection.
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
