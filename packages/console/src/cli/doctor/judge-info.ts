import { bytes } from '../table.js'
import { type Finding, ok, problem, warning } from './finding.js'
import type { Info } from './info.js'

// The stores need script features and sharded channels of Redis 7.0.
const LEAST_VERSION = 7

/** Checks the INFO reply of a Redis. @param isCluster whether the URL is that of a cluster */
export function judgeInfo (info: Info, isCluster: boolean): Finding[] {
  return [
    ...version(info),
    ...role(info),
    ...cluster(info, isCluster),
    ...memory(info),
    ...persistence(info)
  ]
}

function version (info: Info): Finding[] {
  const valkey = info.get('valkey_version')
  const number = valkey ?? info.get('redis_version') ?? ''
  const name = `${valkey === undefined ? 'Redis' : 'Valkey'} ${number}`
  return Number.parseInt(number, 10) >= LEAST_VERSION
    ? [ok('version', name)]
    : [problem('version', `${name} is too old`, 'Use Redis 7.0 or later, or Valkey.')]
}

function role (info: Info): Finding[] {
  return info.get('role') === 'slave'
    ? [problem(
        'role',
        'This server is a replica: it takes no writes',
        `Give the URL of the master, ${info.get('master_host')}:${info.get('master_port')}.`
      )]
    : []
}

function cluster (info: Info, isCluster: boolean): Finding[] {
  const enabled = info.get('cluster_enabled') === '1'
  if (enabled === isCluster) return [ok('cluster', enabled ? 'cluster' : 'one server')]
  return enabled
    ? [problem(
        'cluster',
        'The server is in cluster mode, and the URL is that of one server',
        'Give redis+cluster://host:port,host:port, or a Cluster client.'
      )]
    : [problem(
        'cluster',
        'The URL is that of a cluster, and the server is none',
        'Give redis://host:port.'
      )]
}

function memory (info: Info): Finding[] {
  const most = Number(info.get('maxmemory') ?? 0)
  const policy = info.get('maxmemory_policy') ?? 'unknown'
  const used = Number(info.get('used_memory') ?? 0)
  const advice = 'Set maxmemory-policy volatile-lru.'
  if (most === 0) {
    return [warning(
      'memory',
      `maxmemory is not set: Redis uses ${bytes(used)} and may grow until the machine kills it`,
      'Set maxmemory to what the machine can spare, and maxmemory-policy volatile-lru.'
    )]
  }
  const size = `${bytes(used)} of ${bytes(most)} used`
  if (policy === 'noeviction') {
    return [problem(
      'memory',
      `maxmemory-policy is noeviction (${size}): a full Redis stores nothing new`,
      advice
    )]
  }
  if (policy.startsWith('allkeys')) {
    return [warning(
      'memory',
      `maxmemory-policy is ${policy} (${size}): it also evicts the records of invalidated tags, which costs a burst of misses`,
      advice
    )]
  }
  return [ok('memory', `maxmemory-policy ${policy}, ${size}`)]
}

function persistence (info: Info): Finding[] {
  if (info.get('loading') === '1') {
    return [problem('persistence', 'Redis is loading its data', 'Wait until it has.')]
  }
  if (info.get('rdb_last_bgsave_status') === 'err') {
    return [problem(
      'persistence',
      'The last snapshot failed: by default Redis then refuses writes',
      'Free the disk, or switch snapshots off: a cache does not need them.'
    )]
  }
  if (info.get('aof_last_write_status') === 'err') {
    return [problem(
      'persistence',
      'The last write to the append-only file failed: Redis refuses writes',
      'Free the disk, or set appendonly no: a cache does not need it.'
    )]
  }
  const kind = info.get('aof_enabled') === '1' ? 'append-only file' : 'snapshots or none'
  return [ok('persistence', `${kind}; a restart costs misses and never stale responses`)]
}
