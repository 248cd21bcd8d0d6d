import fastifyRedis from '@fastify/redis'
import { parseRedisUrl, RedisError } from '@weir/redis'
import { createClient, endClient, readyWithin } from '@weir/redis/ioredis'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { Cluster, Redis } from 'ioredis'
import { WEIR_ERR_REDIS_OPTION, WEIR_ERR_REDIS_URL } from '../errors.js'
import { checkOptionNames } from '../plugin-options.js'
import { logAvailability } from './availability.js'
import { logDenials } from './permissions.js'

export { deniedTo } from './permissions.js'
export { patientClient, type PatientClientOptions } from './patient-client.js'
// Re-exported with the type of `app.redis`.
export type { FastifyRedis } from '@fastify/redis'

export interface RedisOptions {
  /**
   * URL of Redis: `redis://host:6379`, `rediss://user:password@host:6379/0`, or the path of a unix
   * socket; `redis+sentinel://host:26379,host:26379/name` with the name of the master that Sentinel
   * watches, or `redis+cluster://host:7000,host:7001` with some of the nodes.
   */
  url: string
  /**
   * Maximum duration of a command, in ms: longer than a round trip to Redis, as long as requests
   * may wait in vain. Default 100.
   */
  commandTimeout?: number
  /**
   * Time that the boot waits for Redis before it continues without, in ms. Default: five times
   * `commandTimeout`, from 500 to 5000.
   */
  readyTimeout?: number
}

const NAME = 'weir-redis'

/**
 * Client for the request path, `app.redis`: an ioredis client whose commands fail within
 * `commandTimeout` instead of waiting for a Redis that does not answer. The app boots, runs and
 * closes with Redis absent; the client connects when Redis becomes available. For a cluster it is
 * an ioredis `Cluster`, regardless of its type.
 *
 * @example await app.register(redis, { url: 'redis://127.0.0.1:6379' })
 */
async function redis (app: FastifyInstance, options: RedisOptions) {
  checkOptionNames<RedisOptions>(NAME, options, {
    url: true,
    commandTimeout: true,
    readyTimeout: true
  })
  const { url, commandTimeout = 100, readyTimeout = readyWithin(commandTimeout) } = options
  const address = addressOf(url)
  if (!Number.isInteger(commandTimeout) || commandTimeout < 1 || commandTimeout > 60_000) {
    throw new WEIR_ERR_REDIS_OPTION('commandTimeout', 'a whole number of ms from 1 to 60000')
  }
  if (!Number.isFinite(readyTimeout) || readyTimeout < 0) {
    throw new WEIR_ERR_REDIS_OPTION('readyTimeout', 'a number of ms, 0 or more')
  }

  const client = createClient(address, commandTimeout)
  const availability = logAvailability(client, address.server, app.log)

  const denials = logDenials(client, address.server, app.log)

  app.addHook('onClose', async () => {
    availability.stop()
    denials.stop()
    await endClient(client)
  })

  if (await isReadyWithin(client, readyTimeout)) {
    await checkDatabase(client)
    await app.register(fastifyRedis, { client, closeClient: false })
  } else {
    // `@fastify/redis` calls back only once the client is ready, and gives up for good on the first
    // DNS failure: with Redis absent the app would not boot. Apart from that it only adds the
    // decorator, typed as a Redis that may also hold named ones.
    availability.absent()
    client.once('ready', () => {
      checkDatabase(client).catch((error: unknown) => {
        app.log.error(error)
        client.disconnect()
      })
    })
    app.decorate<Redis | Cluster, string>('redis', client)
  }
}

async function isReadyWithin (client: Redis | Cluster, ms: number): Promise<boolean> {
  if (client.status === 'ready') return true
  return new Promise((resolve) => {
    const end = (ready: boolean) => {
      clearTimeout(timer)
      client.off('ready', onReady)
      resolve(ready)
    }
    const onReady = () => { end(true) }
    const timer = setTimeout(end, ms, false)
    client.on('ready', onReady)
  })
}

function addressOf (url: string) {
  try {
    return parseRedisUrl(url)
  } catch (error) {
    if (!(error instanceof RedisError)) throw error
    throw new WEIR_ERR_REDIS_URL(error.detail)
  }
}

/** Rejects a missing database: ioredis would silently continue in database 0. */
async function checkDatabase (client: Redis | Cluster): Promise<void> {
  const db = 'db' in client.options ? client.options.db ?? 0 : 0
  if (db === 0) return
  try {
    await client.select(db)
  } catch (error) {
    throw new WEIR_ERR_REDIS_URL(
      `database ${db} cannot be used (${error instanceof Error ? error.message : String(error)})`
    )
  }
}

export default fp(redis, { name: NAME, fastify: '5.x' })
