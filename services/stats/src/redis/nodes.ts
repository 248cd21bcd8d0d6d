import { type InfoClient } from './figures.js'

/** What a cluster's client has besides. */
interface ClusterClient {
  nodes (role: 'master'): readonly InfoClient[]
}

/**
 * Whom to ask about Redis: itself, or each master of a cluster, as its client knows them at the
 * time.
 */
export function redisNodes (client: InfoClient | ClusterClient): () => readonly InfoClient[] {
  return 'nodes' in client ? () => client.nodes('master') : () => [client]
}
