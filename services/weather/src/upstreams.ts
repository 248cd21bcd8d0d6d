import { createCache, type Store } from '@weir/cache'
import { instanceCount } from '@weir/fastify/service'
import { createLimiter, type LimitStore } from '@weir/limiter'
import { type FastifyInstance } from 'fastify'
import { type WeatherEnv } from './env.js'
import { type OpenMeteoUpstreams } from './open-meteo/client.js'
import { Budget } from './upstream/budget.js'
import { Pause } from './upstream/pause.js'
import { Upstream } from './upstream/upstream.js'
import { NAMESPACE } from './weather.js'

/**
 * Opens the services of Open-Meteo, with the budget and the pauses that all instances share. Closed
 * with the application.
 */
export function openUpstreams (
  app: FastifyInstance,
  env: WeatherEnv,
  stores: { cache: Store; limits: LimitStore }
): OpenMeteoUpstreams {
  const limiter = createLimiter({ store: stores.limits, instances: instanceCount(app, env) })
  const times = createCache<number>({ store: stores.cache, namespace: NAMESPACE })
  // One budget for both: the free tier counts by address.
  const budget = new Budget(limiter, 'open-meteo', {
    perMinute: env.CALLS_PER_MINUTE,
    perHour: env.CALLS_PER_HOUR,
    perDay: env.CALLS_PER_DAY
  })
  const open = (origin: string) => {
    const pause = new Pause(times, `pause:${origin}`, (error) => {
      app.log.warn(
        { err: error, origin },
        'the other instances could not be informed of the upstream\'s pause'
      )
    })
    return new Upstream({ origin, budget, pause })
  }
  const upstreams = { forecast: open(env.FORECAST_ORIGIN), geocoding: open(env.GEOCODING_ORIGIN) }
  app.addHook('onClose', async () => {
    await upstreams.forecast.close()
    await upstreams.geocoding.close()
    limiter.close()
  })
  return upstreams
}
