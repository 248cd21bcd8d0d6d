import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { createCache } from '@weir/cache'
import { redisStore } from '@weir/cache/redis'
import { Redis } from 'ioredis'
import { UsageError } from '../command.js'
import { reasonOf } from '../define.js'
import { type Finding, ok, problem, warning } from './finding.js'
import { parseInfo } from './info.js'
import { judgeInfo } from './judge-info.js'

const TIMEOUT = 5000
const PINGS = 20
// Threshold in milliseconds; the coherence lease of the cache is 50 ms.
const SLOW = 10

/** Checks the configuration of a Redis, and whether a cache may run every command it needs. */
export async function checkRedis (url: string, prefix: string): Promise<Finding[]> {
  const isCluster = url.startsWith('redis+cluster://')
  if (url.startsWith('redis+sentinel://')) {
    throw new UsageError('A Redis behind Sentinel is checked by the URL of its master')
  }
  const one = isCluster ? url.replace('redis+cluster://', 'redis://').split(',')[0] ?? '' : url
  const client = new Redis(one, {
    lazyConnect: true,
    connectTimeout: TIMEOUT,
    commandTimeout: TIMEOUT,
    retryStrategy: () => null
  })
  // The failing command reports the error.
  client.on('error', () => {})
  try {
    await client.connect()
    const info = await client.info().then(parseInfo)
    return [
      ...judgeInfo(info, isCluster),
      await latency(client),
      ...(await rights(url, prefix))
    ]
  } catch (error) {
    return [problem(
      'connection',
      `Redis does not answer: ${reasonOf(error)}`,
      'Check that it runs, that the URL is right, and the user and password in it.'
    )]
  } finally {
    client.disconnect()
  }
}

async function latency (client: Redis): Promise<Finding> {
  const times: number[] = []
  for (let i = 0; i < PINGS; i++) {
    const began = performance.now()
    // INFO may be allowed where PING is not.
    await client.info('server').catch(() => undefined)
    times.push(performance.now() - began)
  }
  const sorted = times.toSorted((a, b) => a - b)
  const median = sorted[PINGS / 2] ?? 0
  const found = `round trip p50 ${median.toFixed(2)} ms, longest ${(sorted.at(-1) ?? 0).toFixed(2)} ms`
  return median < SLOW
    ? ok('latency', found)
    : warning('latency', found, 'Run instances in the same zone as their Redis.')
}

/** Runs each command of a cache once, in a separate namespace, and reports denied ones. */
async function rights (url: string, prefix: string): Promise<Finding[]> {
  const grants = new Set<string>()
  const heard = (message: unknown) => {
    if (typeof message === 'object' && message !== null && 'grant' in message) {
      grants.add(String(message.grant))
    }
  }
  subscribe('weir:redis:denied', heard)
  const store = redisStore({ url, prefix, commandTimeout: TIMEOUT })
  const cache = createCache<string>({ store, namespace: 'weir-doctor', l1: false })
  const failures: string[] = []
  const attempt = async (work: () => Promise<unknown>) => {
    try {
      await work()
    } catch (error) {
      failures.push(reasonOf(error))
    }
  }
  let isListing = true
  try {
    await attempt(() => cache.set('key', 'value', { ttl: '1m', tags: ['weir-doctor'] }))
    await attempt(() => cache.remember('other', { ttl: '1m' }, () => 'value'))
    await attempt(() => cache.getMany(['key', 'other']))
    await attempt(() => cache.increment('count', 1, { ttl: '1m' }))
    await attempt(() => cache.deleteMany(['key', 'other', 'count']))
    await attempt(() => cache.invalidate(['weir-doctor']))
    await cache.keys().catch(() => { isListing = false })
  } finally {
    unsubscribe('weir:redis:denied', heard)
    await store.close()
  }
  if (grants.size > 0) {
    return [problem(
      'acl',
      'The user may not do all that a cache does',
      `Grant it: ACL SETUSER <user> ${[...grants].join(' ')}`
    )]
  }
  if (failures.length > 0) {
    return [problem('cache', `A cache does not work here: ${failures[0]}`, 'See the reason.')]
  }
  return [
    ok('acl', 'the user may do all that a cache does'),
    ...(isListing
      ? []
      : [warning('acl', 'Keys cannot be listed', 'For weir keys and the console grant +scan.')])
  ]
}
