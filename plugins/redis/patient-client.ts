import { once } from 'node:events'
import type {} from '@fastify/redis'
import type { FastifyInstance } from 'fastify'
import type { Redis } from 'ioredis'

// A new connection to a Redis that is there takes a few; a process that is starting may be deaf for hundreds. ms
const READY_WITHIN = 3000
// Longer than a command may take, or the connection would be dropped before.
const SILENCE = 2000

export interface PatientClientOptions {
  /** How long a command may take, in ms: up to 2000. */
  readonly commandTimeout: number
}

/**
 * A client of the Redis of `app.redis` that waits for it for longer than requests do, for work that nobody waits for, or that costs more
 * than waiting: a process that is busy for 100 ms hears no answer in that time. Closed with the application. Of a cluster it is
 * `app.redis` itself.
 */
export async function patientClient (app: FastifyInstance, { commandTimeout }: PatientClientOptions): Promise<Redis> {
  if (app.redis.isCluster) return app.redis
  const client = app.redis.duplicate({ commandTimeout, socketTimeout: SILENCE })
  // What there is to say about Redis, `app.redis` says.
  client.on('error', () => {})
  app.addHook('onClose', () => { client.disconnect() })
  if (app.redis.status === 'ready') {
    await once(client, 'ready', { signal: AbortSignal.timeout(READY_WITHIN) }).catch(() => { app.log.warn('Redis is there, and slow to be connected to') })
  }
  return client
}
