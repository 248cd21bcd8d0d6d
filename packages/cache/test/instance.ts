import { Cluster, Redis } from 'ioredis'
import { createCache, type Store } from '../src/index.js'
import { memcachedStore } from '../src/stores/memcached/index.js'
import { postgresStore } from '../src/stores/postgres/index.js'
import { redisStore } from '../src/stores/redis/index.js'
import { sqliteStore } from '../src/stores/sqlite/index.js'
import type { Call, Operation, Place, Reply } from './instance-process.js'

/**
 * An instance in a separate process: opens the given store and executes its parent's operations.
 * See instance-process.ts.
 */
const { place, namespace } = JSON.parse(process.argv[2] ?? '') as {
  place: Place
  namespace: string
}

const { store, end } = await open(place)
const cache = createCache<string>({ store, namespace })
const direct = store.namespace(namespace)
let fills = 0

const operations: {
  [K in keyof Operation]: (argument: Operation[K][0]) => Promise<Operation[K][1]>
} = {
  get: async (key) => (await cache.get(key)) ?? null,
  set: ({ key, value, tags }) => cache.set(key, value, { ttl: '1h', tags }),
  remember: ({ key, value, tags }) =>
    cache.remember(key, { ttl: '1h', tags }, () => {
      fills++
      return value
    }),
  async fillForever (key) {
    cache
      .remember(key, { ttl: '1h' }, () => {
        send({ id: 0, value: 'filling' })
        return new Promise<string>(() => {})
      })
      .catch(() => {})
  },
  fills: async () => fills,
  invalidate: (tags) => cache.invalidate(tags),
  delete: (key) => cache.delete(key),
  clear: () => cache.clear(),
  stamp: () => direct.validity.stamp(),
  async openFile (file) {
    const store = sqliteStore({ file })
    try {
      return await store.namespace(namespace).validity.stamp()
    } finally {
      await store.close()
    }
  },
  async writeForever () {
    for (let i = 0; ; i++) {
      await cache.set(`key-${i % 100}`, 'x'.repeat(4096), { ttl: '1h', tags: [`tag-${i % 100}`] })
      await cache.invalidate([`tag-${i % 50}`])
      if (i === 20) send({ id: 0, value: 'busy' })
    }
  }
}

process.on('message', ({ id, operation, argument }: Call) => {
  const run = operations[operation] as (argument: unknown) => Promise<unknown>
  run(argument).then(
    (value) => { send({ id, value }) },
    (error: unknown) => { send({ id, error: String(error) }) })
})
process.on('disconnect', () => { store.close().then(end, end) })
send({ id: 0, value: 'ready' })

async function open (place: Place): Promise<{ store: Store, end: () => void }> {
  if (place.kind === 'sqlite') return { store: sqliteStore({ file: place.file }), end () {} }
  if (place.kind === 'postgres') {
    return {
      store: postgresStore({
        url: place.url,
        prefix: place.prefix,
        lease: 10,
        commandTimeout: 60_000
      }),
      end () {}
    }
  }
  if (place.kind === 'memcached') {
    return { store: memcachedStore({ servers: place.servers, commandTimeout: 60_000 }), end () {} }
  }
  const options = { lazyConnect: true, enableOfflineQueue: false }
  const client = place.kind === 'redis'
    ? new Redis({ path: place.path, ...options, ...place.login, retryStrategy: null })
    : new Cluster([...place.addresses], { ...options, clusterRetryStrategy: null })
  client.on('error', () => {})
  await client.connect()
  const store = redisStore({ client, lease: 10, ...'prefix' in place && { prefix: place.prefix } })
  return {
    store,
    end () {
      store.close().finally(() => { client.disconnect() })
    }
  }
}

function send (reply: Reply) {
  process.send?.(reply)
}
