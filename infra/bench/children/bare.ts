// node bare.js --body BYTES --status CODE --header NAME=VALUE...
//
// Baseline for the plugin: a Fastify route that sends the same prebuilt Buffer with the same
// headers.
import { parseArgs } from 'node:util'
import { fastify } from 'fastify'
import { headersOf } from './headers.js'
import { listen } from './listen.js'
import { productBuffers } from './product.js'

const { values } = parseArgs({
  options: {
    body: { type: 'string', default: '1024' },
    status: { type: 'string', default: '200' },
    header: { type: 'string', multiple: true, default: [] }
  }
})
const headers = headersOf(values.header)
const status = Number(values.status)
const bodies = productBuffers(Number(values.body))

const app = fastify()
app.get<{ Params: { id: string } }>('/products/:id', (request, reply) => {
  reply
    .code(status)
    .headers(headers)
    .send(status === 304 ? undefined : bodies.get(request.params.id))
})
await listen(app, () => ({ fills: 0 }))
