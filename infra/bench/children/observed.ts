// node observed.js
//
// A service whose routes are not cached, with the same handler at three paths: /products is
// observed by shadow mode, /plain and /again are not. Differences between processes do not matter.
import observability from '@weir/fastify/observability'
import { loadEnv, serverOptions, serviceEnv } from '@weir/fastify/service'
import shadow from '@weir/fastify/shadow'
import { memoryStore } from '@weir/metrics'
import { fastify } from 'fastify'
import { listen } from './listen.js'
import { productOf } from './product.js'

const app = fastify(
  serverOptions(loadEnv(serviceEnv, { PORT: '0', LOG_LEVEL: 'warn' }), { service: 'bench' })
)
await app.register(observability, { store: memoryStore(), service: 'bench', instance: 'weir' })
await app.register(shadow)
for (const path of ['/products', '/plain', '/again']) {
  app.get<{ Params: { id: string } }>(`${path}/:id`, {
    config: path === '/products' ? {} : { shadow: false }
  }, async ({ params: { id } }) => productOf(id, 1024))
}
await listen(app, () => ({ fills: 0 }))
