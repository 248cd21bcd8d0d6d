// node compressed.js [--cached] A Fastify route of 16 KiB of JSON behind @fastify/compress with its
// defaults. Cached: with the response cache, which stores what is sent.
import { parseArgs } from 'node:util'
import compress from '@fastify/compress'
import { memoryStore } from '@weir/cache/memory'
import conditional from '@weir/fastify/conditional'
import responseCache from '@weir/fastify/response-cache'
import { fastify } from 'fastify'
import { listen } from './listen.js'
import { productList } from './product.js'

const { values } = parseArgs({ options: { cached: { type: 'boolean', default: false } } })
// Built in advance: only encoding is compared.
const pages = new Map(
  Array.from({ length: 100 }, (_, i) => [`${i}`, Buffer.from(productList(`${i}`, 16_384))])
)
let fills = 0

const app = fastify()
if (values.cached) {
  await app.register(conditional)
  await app.register(responseCache, { store: memoryStore() })
}
await app.register(compress)
app.get<{ Params: { id: string } }>('/products/:id', {
  ...(values.cached && { config: { cache: { ttl: '1h' } } })
}, (request, reply) => {
  if (values.cached) fills++
  reply.header('content-type', 'application/json; charset=utf-8').send(pages.get(request.params.id))
})
await listen(app, () => ({ fills }))
