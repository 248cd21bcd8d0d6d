import { getHeapStatistics } from 'node:v8'
import { createCache, type Store } from '../src/index.js'
import { sqliteStore } from '../src/stores/sqlite/index.js'

/** Kinds of values, by name: a new one for each number. */
const shapes: Record<string, (i: number) => unknown> = {
  'small integers': (i) => i % 1000,
  'small objects': (i) => ({ id: i, name: `product number ${i}`, price: i + 0.5 }),
  'text of one byte a character': (i) => `${i}${'text'.repeat(50)}`,
  'text of two bytes a character': (i) => `${i}${'текст'.repeat(50)}`,
  'long text': (i) => `${i}${'x'.repeat(10_000)}`,
  'small Buffers': (i) => Buffer.alloc(100, i),
  'large Buffers': (i) => Buffer.alloc(20_000, i),
  'a product': (i) => JSON.parse(JSON.stringify({
    id: i, sku: `sku-${i}-abcdefg`, name: `a longer name of product ${i}`, description: `${i}${'lorem ipsum '.repeat(30)}`, price: 12.5 + i,
    tags: [`tag-number-${i}`, 'another long tag'], stock: { warehouse: `warehouse ${i}`, count: i, at: 17e11 + i + 0.5 }, active: true, none: null
  })),
  'a list of rows': (i) => JSON.parse(JSON.stringify(Array.from({ length: 50 }, (_, k) => ({
    id: i * 50 + k, name: `row ${i} of ${k} rows`, price: k + 0.25, tags: [`tag-${i}-and-${k}`], nested: { left: k, right: null }
  })))),
  'deep nesting': (i) => Array.from({ length: 30 }).reduce<unknown>((inner, _, k) => ({ level: k, name: `level ${k} of ${i}`, inner }), i),
  integers: (i) => Array.from({ length: 500 }, (_, k) => i + k),
  fractions: (i) => new Array<number>(500).fill(0).map((_, k) => i + k + 0.5),
  'numbers among others': (i) => Array.from({ length: 200 }, (_, k) => k % 2 === 0 ? i + k + 0.5 : null),
  'two-byte text in objects': (i) => ({ title: `заголовок номер ${i}`, lines: Array.from({ length: 10 }, (_, k) => `строка ${k} из ${i}, которая длиннее`) }),
  'records by ids': (i) => Object.fromEntries(Array.from({ length: 20 }, (_, k) => [`user-${i}-${k}`, k])),
  Maps: (i) => new Map(Array.from({ length: 40 }, (_, k) => [`key ${k} of map ${i}`, { at: k, of: i }])),
  Sets: (i) => new Set(Array.from({ length: 40 }, (_, k) => i * 40 + k)),
  Dates: (i) => ({ created: new Date(i), changed: new Date(i + 1), ended: new Date(i + 2), name: `dated thing ${i}` }),
  'typed arrays': (i) => ({ vector: new Float32Array(256).fill(i), id: i }),
  'big integers': (i) => Array.from({ length: 50 }, (_, k) => (BigInt(i) << 80n) + BigInt(k)),
  'one object met often': (i) => { const author = { name: `author ${i}`, bio: `${i}${'text '.repeat(40)}` }; return Array.from({ length: 20 }, (_, k) => ({ k, author })) }
}

const [file = '', ...names] = process.argv.slice(2)
const store = sqliteStore({ file })

function held (): number {
  for (let i = 0; i < 3; i++) globalThis.gc?.()
  const { used_heap_size: heap, external_memory: external } = getHeapStatistics()
  return heap + external
}

/** What an entry takes of the heap, and what the cache believes that it does. */
interface Held { readonly heap: number, readonly estimate: number }

async function measure (store: Store, namespace: string, fill: (cache: ReturnType<typeof open>) => Promise<unknown>, count: number): Promise<Held> {
  const cache = open(store, namespace)
  const before = held()
  await fill(cache)
  const heap = held() - before
  const { entries, bytes } = cache.stats().l1
  if (entries !== count) throw new Error(`${entries} entries of ${namespace}, not ${count}`)
  return { heap: heap / count, estimate: bytes / count }
}

const open = (store: Store, namespace: string) => createCache({ store, namespace, l1: { maxBytes: 2 ** 30, maxEntries: 4096 } })

for (const name of names.length > 0 ? names : Object.keys(shapes)) {
  const value = shapes[name] ?? (() => undefined)
  const namespace = name.replaceAll(' ', '-')
  const count = Math.max(100, Math.min(1000, Math.floor(1.5e6 / JSON.stringify(value(1), (_, v: unknown) => typeof v === 'bigint' ? 'twenty characters' : v).length)))
  const options = (i: number) => ({ ttl: '1h', tags: [`product:${i}`, 'products'] }) as const
  const warm = open(store, 'warm')
  for (let i = 0; i < 20; i++) await warm.set(`${namespace}:${i}`, value(i), options(i))
  await open(store, 'warm').getMany(Array.from({ length: 20 }, (_, i) => `${namespace}:${i}`))
  const filled = await measure(store, namespace, async (cache) => {
    for (let i = 0; i < count; i++) await cache.set(`${namespace}:${i}`, value(i), options(i))
  }, count)
  const read = await measure(store, namespace, async (cache) => {
    for (let i = 0; i < count; i++) await cache.get(`${namespace}:${i}`)
  }, count)
  process.stdout.write(`${JSON.stringify({ name, count, filled, read })}\n`)
}
await store.close()
