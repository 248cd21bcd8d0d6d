import { once } from 'node:events'
import type {} from '@fastify/redis'
import { patience, readBeforeTimeout } from '@weir/redis/ioredis'
import type { FastifyInstance } from 'fastify'
import type { Redis } from 'ioredis'
import { relate } from './permissions.js'

// A new connection to a Redis that is there takes a few; a process that is starting may be deaf for
// hundreds. ms
const READY_WITHIN = 3000

export interface PatientClientOptions {
  /** How long a command may take, in ms. No less than those of `app.redis`. */
  readonly commandTimeout: number
}

/**
 * A client of the Redis of `app.redis` that waits for it for longer than requests do, for work that
 * nobody waits for, or that costs more than waiting. Closed with the application. Of a cluster it
 * is `app.redis` itself.
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
  // What there is to say about Redis, `app.redis` says.
  client.on('error', () => {})
  app.addHook('onClose', () => {
    client.disconnect()
  })
  if (app.redis.status === 'ready') {
    const signal = AbortSignal.timeout(
      Math.max(READY_WITHIN, app.redis.options.connectTimeout ?? 0)
    )
    await once(client, 'ready', { signal }).catch(() => {
      app.log.warn('Redis is there, and slow to be connected to')
    })
  }
  return client
}
