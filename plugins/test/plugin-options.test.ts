import { memoryStore as cacheStore } from '@weir/cache/memory'
import { memoryStore as limitStore } from '@weir/limiter'
import { memoryStore as metricsStore } from '@weir/metrics'
import * as errors from '@weir/fastify/errors'
import Fastify, { type FastifyInstance } from 'fastify'
import t from 'tap'
import auth from '../auth/index.js'
import cacheAdmin from '../cache-admin/index.js'
import caches from '../caches/index.js'
import conditional from '../conditional/index.js'
import invalidation from '../invalidation/index.js'
import observability from '../observability/index.js'
import rateLimit from '../rate-limit/index.js'
import redis from '../redis/index.js'
import responseCache from '../response-cache/index.js'
import service from '../service/index.js'

const jwt = [{ algorithm: 'HS256', secret: 's'.repeat(32) }] as const
// The type hides the mistake from the compiler.
const mistake: object = { storre: true }

/** Registers each plugin with an unknown option, beside the required ones. */
const REGISTERED: readonly [
  plugin: string,
  known: string,
  register: (app: FastifyInstance) => PromiseLike<unknown>
][] = [
  ['weir-conditional', 'weak', (app) => app.register(conditional, { ...mistake })],
  [
    'weir-response-cache',
    'store, namespace, name',
    (app) => app.register(responseCache, { store: cacheStore(), ...mistake })
  ],
  [
    'weir-invalidation',
    'outbox',
    async (app) => {
      await app.register(responseCache, { store: cacheStore() })
      await app.register(invalidation, { ...mistake })
    }
  ],
  [
    'weir-rate-limit',
    'store, limit, window',
    (app) => app.register(rateLimit, { store: limitStore(), ...mistake })
  ],
  ['weir-auth', 'jwt, apiKeys, clockTolerance', (app) => app.register(auth, { jwt, ...mistake })],
  [
    'weir-cache-admin',
    'prefix, instance, role, cache',
    async (app) => {
      await app.register(auth, { jwt })
      await app.register(responseCache, { store: cacheStore() })
      await app.register(cacheAdmin, { prefix: '/cache', instance: 'a-1', ...mistake })
    }
  ],
  [
    'weir-caches',
    'stores, caches, defaults, name, as',
    (app) =>
      app.register(caches, {
        stores: { memory: cacheStore() },
        caches: { a: { store: 'memory' } },
        ...mistake
      })
  ],
  [
    'weir-observability',
    'store, service, instance, caches',
    (app) =>
      app.register(observability, {
        store: metricsStore(),
        service: 'a',
        instance: 'a-1',
        ...mistake
      })
  ],
  [
    'weir-redis',
    'url, commandTimeout, readyTimeout',
    (app) => app.register(redis, { url: 'redis://127.0.0.1:1', ...mistake })
  ],
  [
    'weir-service',
    'name, version, title',
    (app) =>
      app.register(service, { name: 'a', version: '1', title: 'A', description: 'a', ...mistake })
  ]
]

for (const [plugin, known, register] of REGISTERED) {
  t.test(`${plugin}: an unknown option stops the boot`, async (t) => {
    const app = Fastify()
    t.teardown(() => app.close())
    await t.rejects(Promise.resolve(register(app)), {
      code: 'WEIR_ERR_PLUGIN_OPTION',
      message: new RegExp(`^${plugin}: option "storre" is unknown: valid options are ${known}`)
    })
  })
}

for (const [plugin, methods] of [
  ['weir-response-cache', ['settle']],
  ['weir-invalidation', ['deliver', 'queue']]
] as const) {
  t.test(`${plugin}: an outbox without the methods it calls stops the boot`, async (t) => {
    const boot = async (outbox: unknown) => {
      const app = Fastify()
      t.teardown(() => app.close())
      const isCache = plugin === 'weir-response-cache'
      const options: object = { outbox }
      await app.register(responseCache, { store: cacheStore(), ...(isCache && options) })
      if (!isCache) await app.register(invalidation, options)
    }
    const whole = Object.fromEntries(methods.map((method) => [method, async () => {}]))
    await boot(whole)
    await boot(undefined)
    const wrong: unknown[] = [
      null, {}, 'x', '', 7, 0, true, false, [], () => {}, Object.create(null),
      ...methods.flatMap((method) =>
        [true, {}, undefined].map((value) => ({ ...whole, [method]: value })))
    ]
    for (const outbox of wrong) {
      await t.rejects(boot(outbox), {
        code: 'WEIR_ERR_PLUGIN_OPTION',
        message: new RegExp(`^${plugin}: option "outbox" must have (${methods.join('|')})\\(\\)`)
      }, JSON.stringify(outbox))
    }
  })
}

t.test('weir-conditional comes before weir-response-cache', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(responseCache, { store: cacheStore() })
  await t.rejects(
    async () => {
      await app.register(conditional)
    },
    {
      code: 'WEIR_ERR_PLUGIN_ORDER',
      message: /^weir-conditional must be registered before weir-response-cache: /
    }
  )
})

t.test('every error is exported', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  try {
    await app.register(conditional, { ...mistake })
    t.fail('it boots')
  } catch (error) {
    t.type(error, errors.WEIR_ERR_PLUGIN_OPTION)
  }
  t.ok(
    Object.entries(errors).every(
      ([name, made]) => name.startsWith('WEIR_') && made.prototype instanceof Error
    )
  )
})
