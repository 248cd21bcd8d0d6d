import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { createCache } from '@weir/cache'
import { type RedisLocation, redisStore } from '@weir/cache/redis'
import type { Redis } from 'ioredis'
import { UsageError } from '../command.js'
import { Failure, reasonOf } from '../define.js'
import { connect } from '../redis.js'
import { type Finding, ok, problem, warning } from './finding.js'
import { parseInfo } from './info.js'
import { judgeInfo } from './judge-info.js'

const TIMEOUT = 5000
const PINGS = 20
const NAMESPACE = 'weir-doctor'
// Threshold in milliseconds; the coherence lease of the cache is 50 ms.
const SLOW = 10

/** Checks the configuration of a Redis, and whether a cache may run every command it needs. */
export async function checkRedis (url: string, prefix: string): Promise<Finding[]> {
  const isCluster = url.startsWith('redis+cluster://')
  if (url.startsWith('redis+sentinel://')) {
    throw new UsageError('A Redis behind Sentinel is checked by the URL of its master')
  }
  const one = isCluster ? url.replace('redis+cluster://', 'redis://').split(',')[0] ?? '' : url
  let client: Redis | undefined
  try {
    client = await connect(one, TIMEOUT)
    const findings = [
      ...(await judge(client, isCluster)),
      await latency(client),
      ...(await rights(isCluster ? { url } : { client }, prefix))
    ]
    await sweep(client, prefix)
    return findings
  } catch (error) {
    if (error instanceof UsageError) throw error
    return [problem(
      'connection',
      error instanceof Failure ? error.message : `Redis does not answer: ${reasonOf(error)}`,
      'Check that it runs, that the URL is right, and the user and password in it.'
    )]
  } finally {
    client?.disconnect()
  }
}

async function judge (client: Redis, isCluster: boolean): Promise<Finding[]> {
  try {
    return judgeInfo(parseInfo(await client.info()), isCluster)
  } catch (error) {
    if (!reasonOf(error).startsWith('NOPERM')) throw error
    return [warning(
      'acl',
      'The user may not run INFO: version, memory and persistence are not checked',
      'Grant it: ACL SETUSER <user> +info'
    )]
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
async function rights (location: RedisLocation, prefix: string): Promise<Finding[]> {
  const grants = new Set<string>()
  const heard = (message: unknown) => {
    if (typeof message === 'object' && message !== null && 'grant' in message) {
      grants.add(String(message.grant))
    }
  }
  subscribe('weir:redis:denied', heard)
  const store = redisStore({ ...location, prefix, commandTimeout: TIMEOUT })
  const cache = createCache<string>({ store, namespace: NAMESPACE, l1: false })
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

/**
 * Deletes the tag records of the separate namespace, which would otherwise be listed until they
 * expire. Without effect if the user may not, or if they are on another node of a cluster.
 */
async function sweep (client: Redis, prefix: string): Promise<void> {
  const shared = `${prefix}:{${NAMESPACE}}`
  const records = ['tags', 'replaced', 'replaced-until'].map((name) => `${shared}:${name}`)
  const entries = ['key', 'other', 'count'].map((key) => `${prefix}:${NAMESPACE}:{=${key}}`)
  await Promise.allSettled([...records, ...entries].map((key) => client.unlink(key)))
}
