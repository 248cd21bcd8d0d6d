import type { Network } from './network.js'
import type { Server } from './server.js'

/** Several Redis servers that replace each other, and the operations on them. */
export interface Topology {
  readonly kind: TopologyKind
  /** The URL for instances. */
  readonly url: string
  readonly network: Network
  /** Servers with data. */
  readonly servers: readonly Server[]
  /**
   * Names of members that are cut off together with a master: a Sentinel that reports it, if any.
   */
  readonly accomplices: readonly string[]
  /** The master of the records of the instances' namespace, according to the majority. */
  master (): Promise<Server>
  /** Promotes a replica without loss. Resolves when it is the master. */
  handOver (): Promise<void>
  /** Resolves when every master has its replicas again. */
  settled (): Promise<void>
  /** Moves the slot of the records to another master; undefined where there are no slots. */
  readonly moveSlot?: () => Promise<void>
}

export type TopologyKind = 'cluster' | 'sentinel'

export const TOPOLOGIES: readonly TopologyKind[] = ['cluster', 'sentinel']

/** Address that a member connects from, by which the network identifies it. */
export const sourceOf = (group: number, index: number) => `127.0.${group}.${index + 1}`

/** Groups of members, by their part of the address. */
export const GROUP = { server: 1, instance: 2, sentinel: 3 } as const
