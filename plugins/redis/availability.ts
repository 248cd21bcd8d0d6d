import type { FastifyBaseLogger } from 'fastify'
import type { Cluster, Redis } from 'ioredis'

/**
 * Logs when the connection to Redis is lost and when it is back: one line each, regardless of the
 * number of attempts. It also handles the client's error events, which would otherwise end the
 * process.
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
    // Cluster clients report the reason separately: ACL, password, no such host.
    reason =
      error.lastNodeError === undefined ? message : `${message} ${error.lastNodeError.message}`
  })
  client.on('ready', () => {
    if (state === 'down') log.info({ redis: server }, 'Redis is back')
    if (state !== 'stopped') state = 'up'
    reason = 'connection closed'
  })
  client.on('close', () => {
    if (state === 'up') down('Redis is unavailable: continuing without it')
  })

  return {
    /** Logs that the boot continues without Redis. */
    absent () { down('Redis is not available: starting without it') },
    /** Stops logging: while the app closes, the end of the connection is expected. */
    stop () { state = 'stopped' }
  }
}
