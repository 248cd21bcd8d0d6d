/** What Redis says of itself. A cluster's masters are told of as one. */
export interface RedisInfo {
  /** Several, with commas, while a cluster is being upgraded. */
  readonly version: string
  readonly usedMemoryBytes: number
  /** 0: there is no limit, of one of a cluster's masters at least */
  readonly maxMemoryBytes: number
  readonly maxMemoryPolicy: string
  /** Memory that the system has given, per byte that is used; null where it is not told. */
  readonly fragmentationRatio: number | null
  readonly keys: number
  /** Keys that expire. */
  readonly expires: number
  readonly evictedKeys: number
  readonly expiredKeys: number
  /** Of all reads of keys since it began; null if there was none. */
  readonly hitRate: number | null
  readonly opsPerSecond: number
  /** Of the master that began last. */
  readonly uptimeSeconds: number
  /** Connections. */
  readonly clients: number
}

/**
 * Reads what INFO answers.
 * @param answers one of each master: amounts are added up
 */
export function parseInfo (answers: readonly string[]): RedisInfo {
  const nodes = answers.map(fieldsOf)
  const texts = (name: string) =>
    [...new Set(nodes.map((fields) => fields.get(name) ?? ''))].join(',')
  const numbers = (name: string) => nodes.map((fields) => Number(fields.get(name) ?? 0))
  const sum = (name: string) => numbers(name).reduce((total, value) => total + value, 0)
  const [used, reads] = [sum('used_memory'), sum('keyspace_hits') + sum('keyspace_misses')]
  const keyspaces = answers.flatMap((answer) => [
    ...answer.matchAll(/^db\d+:keys=(\d+),expires=(\d+)/gm)
  ])
  return {
    version: texts('redis_version'),
    usedMemoryBytes: used,
    maxMemoryBytes: numbers('maxmemory').includes(0) ? 0 : sum('maxmemory'),
    maxMemoryPolicy: texts('maxmemory_policy'),
    fragmentationRatio:
      used === 0 || sum('used_memory_rss') === 0 ? null : sum('used_memory_rss') / used,
    keys: keyspaces.reduce((total, [, keys]) => total + Number(keys), 0),
    expires: keyspaces.reduce((total, [, , expires]) => total + Number(expires), 0),
    evictedKeys: sum('evicted_keys'),
    expiredKeys: sum('expired_keys'),
    hitRate: reads === 0 ? null : sum('keyspace_hits') / reads,
    opsPerSecond: sum('instantaneous_ops_per_sec'),
    uptimeSeconds: Math.min(...numbers('uptime_in_seconds')),
    clients: sum('connected_clients')
  }
}

const fieldsOf = (answer: string) =>
  new Map(
    Array.from(
      answer.matchAll(/^(\w+):(.*?)\r?$/gm),
      ([, name = '', value = '']) => [name, value] as const
    )
  )
