// node cached.js --store memory|sqlite|redis|redis-unleased --body BYTES [--dir DIR] [--redis URL]
//   [--client ioredis|node-redis] [--no-l1] [--log] [--counting] [--journal]
//
// A service with the plugins as users register them, and one cached route. With --log it has the
// log of a service, at a level without output.
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Store } from '@weir/cache'
import { memoryStore } from '@weir/cache/memory'
import { redisStore } from '@weir/cache/redis'
import { sqliteStore } from '@weir/cache/sqlite'
import conditional from '@weir/fastify/conditional'
import invalidation from '@weir/fastify/invalidation'
import journal from '@weir/fastify/journal'
import observability from '@weir/fastify/observability'
import responseCache from '@weir/fastify/response-cache'
import { loadEnv, serverOptions, serviceEnv } from '@weir/fastify/service'
import { memoryStore as metricsStore } from '@weir/metrics'
import { memoryJournal } from '@weir/metrics/journal'
import { fastify } from 'fastify'
import { listen } from './listen.js'
import { productRoute } from './product-route.js'
import { connectNodeRedis, connectRedis } from './redis-client.js'
import { unleasedStore } from './unleased-store.js'

const { values } = parseArgs({
  options: {
    store: { type: 'string', default: 'memory' },
    body: { type: 'string', default: '1024' },
    dir: { type: 'string', default: '' },
    redis: { type: 'string', default: '' },
    client: { type: 'string', default: 'ioredis' },
    'no-l1': { type: 'boolean', default: false },
    log: { type: 'boolean', default: false },
    counting: { type: 'boolean', default: false },
    journal: { type: 'boolean', default: false }
  }
})

let asked = 0
const app = fastify(
  values.log
    ? serverOptions(loadEnv(serviceEnv, { PORT: '0', LOG_LEVEL: 'warn' }), { service: 'bench' })
    : {}
)
if (values.counting) {
  await app.register(observability, { store: metricsStore(), service: 'bench', instance: 'weir' })
}
await app.register(conditional)
await app.register(responseCache, {
  store: await makeStore(),
  ...(values['no-l1'] && { l1: false })
})
if (values.journal) await app.register(journal, { store: memoryJournal() })
await app.register(invalidation)
const fills = productRoute(app, Number(values.body))
await listen(app, () => ({ fills: fills(), asked }))

async function makeStore (): Promise<Store> {
  switch (values.store) {
    case 'sqlite':
      return sqliteStore({ file: join(values.dir, `cached-${process.pid}.db`) })
    case 'redis':
      return counted(redisStore({ client: await connect() }))
    case 'redis-unleased':
      return counted(unleasedStore({ client: await connectRedis(values.redis) }))
    default:
      return memoryStore()
  }
}

function connect () {
  return values.client === 'node-redis'
    ? connectNodeRedis(values.redis)
    : connectRedis(values.redis)
}

/** Counts validity checks that reach the store. Without this wrapper, counting costs nothing. */
function counted (store: Store): Store {
  return {
    ...store,
    namespace (name) {
      const { entries, validity } = store.namespace(name)
      const isValid = validity.isValid.bind(validity)
      validity.isValid = (entry) => {
        const answer = isValid(entry)
        if (typeof answer !== 'boolean') asked++
        return answer
      }
      return { entries, validity }
    }
  }
}
