import type { FastifyBaseLogger } from 'fastify'
import type { Cluster, Redis } from 'ioredis'

/**
 * Logs when Redis goes and when it is back: one line each, however often a connection is tried in
 * between. It also takes the client's error events, which would end the process if nobody did.
 */
export function logAvailability (client: Redis | Cluster, server: string, log: FastifyBaseLogger) {
  let state: 'unknown' | 'up' | 'down' | 'stopped' = 'unknown'
  let reason = 'no answer'

  const down = (message: string) => {
    if (state === 'down' || state === 'stopped') return
    state = 'down'
    log.warn({ redis: server, reason }, message)
  }
  client.on('error', (error: NodeJS.ErrnoException & { lastNodeError?: Error }) => {
    // Node's error for a name with several addresses has a code and no message.
    const message = error.message === '' ? error.code ?? error.name : error.message
    // A cluster's client tells the reason apart: ACL, password, no such host.
    reason =
      error.lastNodeError === undefined ? message : `${message} ${error.lastNodeError.message}`
  })
  client.on('ready', () => {
    if (state === 'down') log.info({ redis: server }, 'Redis is back')
    if (state !== 'stopped') state = 'up'
    reason = 'connection closed'
  })
  client.on('close', () => {
    if (state === 'up') down('Redis is gone: going on without it')
  })

  return {
    /** Says that the boot goes on without Redis. */
    absent () { down('Redis is not there: starting without it') },
    /** The app closes: the connection's end is no news any more. */
    stop () { state = 'stopped' }
  }
}
