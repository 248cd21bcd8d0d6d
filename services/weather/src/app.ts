import { securitySchemes } from '@weir/fastify/auth'
import cacheAdmin from '@weir/fastify/cache-admin'
import conditional from '@weir/fastify/conditional'
import redis from '@weir/fastify/redis'
import service, { instanceName, serverOptions, telemetryOf } from '@weir/fastify/service'
import telemetry from '@weir/fastify/telemetry'
import { fastify, type FastifyInstance } from 'fastify'
import { administered } from './cache-admin.js'
import { registerClients } from './clients.js'
import { registerCounting } from './counting.js'
import { type WeatherEnv } from './env.js'
import { ClientShareUsed } from './errors.js'
import { OpenMeteo } from './open-meteo/client.js'
import { weatherRoutes } from './routes/routes.js'
import { openStores } from './stores.js'
import { openUpstreams } from './upstreams.js'
import { Weather } from './weather.js'

/** Builds the weather service, ready to listen or to be injected into. */
export async function buildApp (env: WeatherEnv): Promise<FastifyInstance> {
  const app = fastify(serverOptions(env, { service: 'weather' }))
  await app.register(telemetry, telemetryOf(env, { service: 'weather', version: '0.1.0' }))
  await app.register(service, {
    name: 'weather',
    version: '0.1.0',
    title: 'Weather',
    description:
      'Weather by Open-Meteo.com (CC BY 4.0), fetched once for all instances. Errors are problem documents (RFC 9457).',
    securitySchemes: { bearer: securitySchemes.bearer },
    maxEventLoopDelay: env.MAX_EVENT_LOOP_DELAY
  })
  if (env.REDIS_URL !== undefined) {
    await app.register(redis, { url: env.REDIS_URL, commandTimeout: env.REDIS_COMMAND_TIMEOUT })
  }
  await registerCounting(app, env, () => weather.caches)
  const stores = await openStores(app, env)
  const openMeteo = new OpenMeteo(openUpstreams(app, env, stores), (path, values) => {
    app.log.warn({ path, values }, 'Open-Meteo sent impossible values: they are returned as null')
  })
  const weather = new Weather({
    store: stores.cache,
    name: instanceName(env, 'weather'),
    isKept: env.CACHE === 'on',
    openMeteo,
    report (error, key) {
      // Clients can cause any number of these.
      const level = error instanceof ClientShareUsed ? 'debug' : 'warn'
      app.log[level]({ err: error, key }, 'Open-Meteo is unreachable: stored documents are served')
    }
  })
  await registerClients(app, env, stores.limits)
  await app.register(conditional)
  const name = instanceName(env, 'weather')
  await app.register(cacheAdmin, {
    prefix: '/api/weather/cache',
    instance: name,
    cache: administered(weather.caches)
  })
  await app.register(weatherRoutes, {
    weather,
    // Addresses without limits are not counted.
    clientOf: (request) => request.rateLimit === null ? undefined : app.limitedClient(request),
    cacheName: name
  })
  return app
}
