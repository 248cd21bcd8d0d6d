import type { RedisNode } from './subscription.js'

/** A node of a cluster, as its client knows it. */
export interface RedisClusterNode extends RedisNode {
  unlink (key: string): Promise<number>
}

/** What the store needs of a cluster's client besides its commands. ioredis' `Cluster` has it. */
export interface RedisNodes {
  /** Masters and replicas that are known. */
  nodes (): readonly RedisClusterNode[]
  /** Asks one of them for all. */
  refreshSlotsCache? (): void
}

/**
 * The node that owns the slot of a channel. All are asked to do what only the owner does, a write in that slot that changes
 * nothing: a map of the slots may be out of date just when this matters.
 * @throws if none does, as while the slot moves or has no owner
 */
export async function ownerOf (channel: string, cluster: RedisNodes): Promise<RedisNode> {
  // For the next attempt, if it is a node that is not known yet.
  cluster.refreshSlotsCache?.()
  return Promise.any(cluster.nodes().map(async (node) => {
    await node.unlink(channel)
    return node
  }))
}
