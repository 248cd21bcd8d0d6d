/** Figures from INFO. The masters of a cluster are reported as one. */
export interface RedisInfo {
  /** Several versions, separated by commas, while a cluster is being upgraded. */
  readonly version: string
  readonly usedMemoryBytes: number
  /** 0: no limit, on at least one of a cluster's masters. */
  readonly maxMemoryBytes: number
  readonly maxMemoryPolicy: string
  /** Memory allocated by the system per byte in use; null if not reported. */
  readonly fragmentationRatio: number | null
  readonly keys: number
  /** Number of keys with an expiry. */
  readonly expires: number
  readonly evictedKeys: number
  readonly expiredKeys: number
  /** Hit ratio of all key reads since the start; null if there were none. */
  readonly hitRate: number | null
  readonly opsPerSecond: number
  /** Uptime of the master that started last. */
  readonly uptimeSeconds: number
  /** Number of connections. */
  readonly clients: number
}

/**
 * Parses replies to INFO.
 * @param answers one reply per master; amounts are added up
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
