import type { RedisLocation } from '@weir/cache/redis'
import { Redis } from 'ioredis'
import { type Io, UsageError } from './command.js'
import { Failure, type Given, reasonOf, redisUrl } from './define.js'

// Timeout in milliseconds. A person would rather wait than see a false report of an outage.
const PATIENCE = 5000

const EXAMPLES =
  'use redis://host:6379, rediss://user:password@host:6379/0, the path of a socket, ' +
  'redis+sentinel://host:26379/name or redis+cluster://host:7000,host:7001'
// URLs with several hosts. The groups are the scheme, the kind, user and password, and the hosts.
const SEVERAL = /^(rediss?)\+(cluster|sentinel):\/\/([^@/?#]*@)?([^@/?#]+)(?:\/[^?#]*)?$/

/** A Redis that has answered, for stores. */
export interface Reached {
  readonly location: RedisLocation
  readonly close: () => void
}

/**
 * Connects to the Redis of a URL, so that a failure is reported with its reason before a store uses
 * the connection.
 * @throws UsageError for an invalid URL, Failure with the address and the reason
 */
export async function reach (url: string, timeout = PATIENCE): Promise<Reached> {
  const [, scheme = 'redis', kind, login = '', hosts = ''] = SEVERAL.exec(url) ?? []
  if (kind === undefined) {
    const client = await connect(url, timeout)
    return {
      location: { client, commandTimeout: timeout },
      close: () => { client.disconnect() }
    }
  }
  // Sentinels have no users of Redis; any other reply than a refusal of the connection will do.
  const nodes = hosts.split(',').map((host) =>
    connect(`${scheme}://${kind === 'cluster' ? login : ''}${host}`, timeout))
  try {
    const first = await Promise.any(nodes)
    first.disconnect()
  } catch (error) {
    throw error instanceof AggregateError ? error.errors[0] : error
  } finally {
    for (const node of nodes) node.then((client) => { client.disconnect() }, () => {})
  }
  return { location: { url, commandTimeout: timeout }, close: () => {} }
}

/** Runs `work` with the Redis of a command, then closes the connection. */
export async function withRedis<R> (
  given: Given,
  io: Io,
  work: (location: RedisLocation) => Promise<R>
): Promise<R> {
  const { location, close } = await reach(redisUrl(given, io))
  try {
    return await work(location)
  } finally {
    close()
  }
}

/** Connects to one server. @throws UsageError, Failure */
export async function connect (url: string, timeout = PATIENCE): Promise<Redis> {
  const server = serverOf(url)
  const client = new Redis(url, {
    lazyConnect: true,
    connectTimeout: timeout,
    commandTimeout: timeout,
    disconnectTimeout: 100,
    maxRetriesPerRequest: 0,
    // The ready check runs INFO, and ioredis prints a warning if the user may not.
    enableReadyCheck: false,
    retryStrategy: () => null
  })
  // The first error has the reason. Later ones report that the connection is closed.
  let reason: Error | undefined
  client.on('error', (error: Error) => { reason ??= error })
  try {
    await client.connect()
    await client.ping().catch((error: unknown) => {
      if (!/^NOPERM/.test(reasonOf(error))) throw error
    })
    if (reason !== undefined) throw reason
    return client
  } catch (error) {
    client.disconnect()
    const why = reasonOf(reason ?? error).replace(/^NOAUTH.*/, 'NOAUTH, it needs a password')
    throw new Failure(
      why === 'Command timed out'
        ? `Redis at ${server} does not answer within ${timeout / 1000} s`
        : `Redis at ${server} cannot be used: ${why}`,
      'WEIR_CLI_REDIS'
    )
  }
}

/** Returns the part of a URL that may be displayed. @throws UsageError if it is not a Redis URL */
function serverOf (url: string): string {
  // ioredis takes the query of a path as options, such as a password.
  if (/^\/(?!\/)/.test(url)) return url.split('?', 1)[0] ?? ''
  const wrong = (problem: string) => new UsageError(`--redis ${problem}: ${EXAMPLES}`)
  if (!URL.canParse(url)) throw wrong('is not a URL')
  const { protocol, host, pathname } = new URL(url)
  if (protocol !== 'redis:' && protocol !== 'rediss:') throw wrong('is not the URL of a Redis')
  if (host === '') throw wrong('has no host')
  if (!/^(?:\/\d*)?$/.test(pathname)) throw wrong('has a path that is not a database number')
  return host
}
