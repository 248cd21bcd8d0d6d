import httpProxy from '@fastify/http-proxy'
import { memoryStore } from '@weir/cache/memory'
import { redisStore } from '@weir/cache/redis'
import { gatewayOptions } from '@weir/fastify/gateway'
import invalidation from '@weir/fastify/invalidation'
import responseCache from '@weir/fastify/response-cache'
import * as service from '@weir/fastify/service'
import fastify from 'fastify'
import { Type } from 'typebox'

async function main () {
  const env = service.loadEnv(Type.Object({
    ...service.serviceEnv.properties,
    ORIGIN: Type.String({ description: 'scheme and host, such as http://127.0.0.1:3000' }),
    ORIGIN_TIMEOUT: Type.Integer({ minimum: 1, default: 30_000 }),
    CACHE_BYTES: Type.Integer({ minimum: 1, default: 256 * 1024 * 1024 }),
    MAX_BODY_BYTES: Type.Integer({ minimum: 1, default: 1024 * 1024 }),
    HEALTH_PATH: Type.Optional(Type.String({ pattern: '^/' })),
    PORT: Type.Integer({ minimum: 0, maximum: 65535, default: 8080 })
  }))
  const { ORIGIN: origin, HEALTH_PATH: health, REDIS_URL: url } = env
  const app = fastify(service.serverOptions(env, { service: 'proxy' }))
  const gateway = gatewayOptions(app, { origin, timeout: env.ORIGIN_TIMEOUT })
  const memory = { maxBytes: Math.ceil(env.CACHE_BYTES / (url ? 1 : 2)), maxEntries: 100_000 }
  const commandTimeout = env.REDIS_COMMAND_TIMEOUT
  const store = url === undefined ? memoryStore(memory) : redisStore({ url, commandTimeout })

  service.closing(app)
  app.addHook('onClose', () => store.close())
  await app.register(responseCache, { store, l1: memory, maxBodyBytes: env.MAX_BODY_BYTES })
  await app.register(invalidation)
  await app.register(httpProxy, { ...gateway, config: { cache: {} } })
  if (health !== undefined) {
    app.get(health, (_request, reply) => reply.code(app.isClosing() ? 503 : 200).send())
  }
  await service.start(app, env)
}

main().catch(service.bootFailed)
