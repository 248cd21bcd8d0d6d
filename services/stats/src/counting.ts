import observability from '@weir/fastify/observability'
import { instanceName } from '@weir/fastify/service'
import { memoryStore } from '@weir/metrics'
import { type FastifyInstance } from 'fastify'
import { type StatsEnv } from './env.js'

/**
 * Counts the requests of this service, for Prometheus alone: among what it shows they would be
 * those of the people who look at it, and on a quiet day there would be no others.
 */
export async function registerCounting (app: FastifyInstance, env: StatsEnv): Promise<void> {
  await app.register(observability, {
    store: memoryStore(),
    service: 'stats',
    instance: instanceName(env, 'stats')
  })
}
