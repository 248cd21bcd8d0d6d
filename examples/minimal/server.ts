import { setTimeout } from 'node:timers/promises'
import { memoryStore } from '@weir/cache/memory'
import responseCache from '@weir/fastify/response-cache'
import closeWithGrace from 'close-with-grace'
import Fastify from 'fastify'

const { PORT = '3000' } = process.env
const app = Fastify()
await app.register(responseCache, { store: memoryStore() })

app.get('/', { config: { cache: { ttl: '1m' } } }, async () => {
  await setTimeout(500) // a slow query
  return { hello: 'world' }
})

closeWithGrace(() => app.close())
console.log(`Listening on ${await app.listen({ host: '127.0.0.1', port: Number(PORT) })}`)
