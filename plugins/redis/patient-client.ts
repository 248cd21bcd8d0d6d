import { once } from 'node:events'
import type {} from '@fastify/redis'
import { patience, readBeforeTimeout } from '@weir/redis/ioredis'
import type { FastifyInstance } from 'fastify'
import type { Redis } from 'ioredis'
import { relate } from './permissions.js'

// Milliseconds. Connecting to an available Redis takes a few; a starting process may not respond
// for hundreds.
const READY_WITHIN = 3000

export interface PatientClientOptions {
  /** Maximum duration of a command, in ms. At least that of `app.redis`. */
  readonly commandTimeout: number
}

/**
 * Creates a client of the same Redis as `app.redis` that waits longer than requests do, for
 * background work and for work where failing costs more than waiting. Closed with the application.
 * For a cluster it is `app.redis` itself.
 */
export async function patientClient (
  app: FastifyInstance,
  { commandTimeout }: PatientClientOptions
): Promise<Redis> {
  if (app.redis.isCluster) return app.redis
  const client = app.redis.duplicate(
    patience(Math.max(commandTimeout, app.redis.options.commandTimeout ?? 0))
  )
  readBeforeTimeout(client)
  relate(app.redis, client)
  // Errors of the connection are logged by `app.redis`.
  client.on('error', () => {})
  app.addHook('onClose', () => {
    client.disconnect()
  })
  if (app.redis.status === 'ready') {
    const signal = AbortSignal.timeout(
      Math.max(READY_WITHIN, app.redis.options.connectTimeout ?? 0)
    )
    await once(client, 'ready', { signal }).catch(() => {
      app.log.warn('Redis is available, but slow to connect to')
    })
  }
  return client
}
