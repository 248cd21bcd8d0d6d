// node --expose-gc memory.js --file FILE --entries N --body BYTES [--keep N]
//
// Requests N responses from a service on the SQLite store, whose own memory is outside V8, and
// reports the memory that the process then holds. L1 keeps all responses, or as many as --keep
// says.
import { setTimeout } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { sqliteStore } from '@weir/cache/sqlite'
import conditional from '@weir/fastify/conditional'
import responseCache from '@weir/fastify/response-cache'
import { fastify } from 'fastify'
import { serveBenchmark } from './child.js'
import { productRoute } from './product-route.js'

const COLLECTIONS = 6
// Milliseconds.
const BETWEEN = 100

const { values } = parseArgs({
  options: {
    file: { type: 'string', default: '' },
    entries: { type: 'string', default: '0' },
    body: { type: 'string', default: '1024' },
    keep: { type: 'string' }
  }
})
const entries = Number(values.entries)

const app = fastify()
await app.register(conditional)
await app.register(responseCache, {
  store: sqliteStore({ file: values.file }),
  origin: 'https://shop.example',
  l1: { maxEntries: Number(values.keep ?? entries), maxBytes: 1024 ** 3 }
})
const fills = productRoute(app, Number(values.body))
await app.ready()

for (let i = 0; i < entries; i++) {
  const { statusCode } = await app.inject(`/products/${100_000 + i}`)
  if (statusCode !== 200) throw new Error(`a product got status ${statusCode}`)
}
if (globalThis.gc === undefined) throw new Error('run with --expose-gc')
// Finalizers of one collection free what the next one finds. Requests leave work for later turns of
// the event loop.
for (let i = 0; i < COLLECTIONS; i++) {
  globalThis.gc()
  await setTimeout(BETWEEN)
}
const { heapUsed, external, rss } = process.memoryUsage()
const { l1 } = app.responseCache.cache.stats()
serveBenchmark({}, () => ({
  heapUsed,
  external,
  rss,
  fills: fills(),
  entries: l1.entries,
  estimate: l1.bytes
}))
