import observability from '@weir/fastify/observability'
import { instanceName } from '@weir/fastify/service'
import { memoryStore } from '@weir/metrics'
import { type FastifyInstance } from 'fastify'
import { type StatsEnv } from './env.js'

/**
 * Counts the requests of this service for Prometheus only. The console leaves them out: they come
 * from its own viewers and would dominate on a quiet day.
 */
export async function registerCounting (app: FastifyInstance, env: StatsEnv): Promise<void> {
  await app.register(observability, {
    store: memoryStore(),
    service: 'stats',
    instance: instanceName(env, 'stats')
  })
}
