// node bare-redis.js --redis URL --body BYTES --header NAME=VALUE...
//
// Baseline for reads of the shared store: a Fastify route that does one GET, by a client with the
// same options, and sends the result.
import { parseArgs } from 'node:util'
import { fastify } from 'fastify'
import { headersOf } from './headers.js'
import { listen } from './listen.js'
import { productJson } from './product.js'
import { connectRedis } from './redis-client.js'

const { values } = parseArgs({
  options: {
    redis: { type: 'string', default: '' },
    body: { type: 'string', default: '1024' },
    header: { type: 'string', multiple: true, default: [] }
  }
})
const headers = headersOf(values.header)
const body = Number(values.body)
const client = await connectRedis(values.redis)
let fills = 0

const app = fastify()
app.get<{ Params: { id: string } }>('/products/:id', (request, reply) => {
  const key = `bare:${body}:${request.params.id}`
  client.getBuffer(key).then(async (found) => {
    if (found === null) {
      fills++
      await client.set(key, productJson(request.params.id, body))
    }
    reply.headers(headers).send(found ?? productJson(request.params.id, body))
  }).catch((error: unknown) => reply.send(error))
})
await listen(app, () => ({ fills }))
