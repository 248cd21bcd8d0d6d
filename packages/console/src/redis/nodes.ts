import { type InfoClient } from './figures.js'

/** What a cluster's client has besides. */
interface ClusterClient {
  nodes (role: 'master'): readonly InfoClient[]
}

/** A client of ioredis: of one Redis, or of a Cluster. */
export type RedisClient = InfoClient | ClusterClient

/** The nodes to read figures of: Redis itself, or all masters of a Cluster at that moment. */
export function redisNodes (client: RedisClient): () => readonly InfoClient[] {
  return 'nodes' in client ? () => client.nodes('master') : () => [client]
}
