import { type InfoClient } from './figures.js'

/** The additional method of a cluster client. */
interface ClusterClient {
  nodes (role: 'master'): readonly InfoClient[]
}

/** An ioredis client of a single Redis or a Cluster. */
export type RedisClient = InfoClient | ClusterClient

/** Returns the nodes to read figures of: Redis itself, or the current masters of a Cluster. */
export function redisNodes (client: RedisClient): () => readonly InfoClient[] {
  return 'nodes' in client ? () => client.nodes('master') : () => [client]
}
