import type { Argument } from './driver.js'

/**
 * What is needed of a client of ioredis 5 or 6 (`Redis`, of one server or behind Sentinel, or
 * `Cluster`), or of one made after it. Without `duplicate` or `nodes`, which make the connection
 * that listens, there is none.
 */
export interface IoredisClient {
  unlink (key: string): Promise<number>
  readonly isCluster?: boolean
  /** These are optional only because ioredis' types leave out some of what its clients have. */
  getBuffer? (key: string): Promise<Buffer | null>
  mgetBuffer? (...keys: string[]): Promise<(Buffer | null)[]>
  hvalsBuffer? (key: string): Promise<Buffer[]>
  evalshaBuffer? (sha: string, keys: number, ...args: Argument[]): Promise<unknown>
  evalBuffer? (source: string, keys: number, ...args: Argument[]): Promise<unknown>
  duplicate? (...args: never[]): unknown
  nodes? (...args: never[]): readonly unknown[]
  refreshSlotsCache? (): void
}

/** What is needed of a client of node-redis 5, `createClient()`. */
export interface NodeRedisClient {
  readonly isReady: boolean
  duplicate (...args: never[]): unknown
  sendCommand (args: string[]): Promise<unknown>
  withTypeMapping (mapping: object): unknown
}

/** What is needed of a client of node-redis 5, `createCluster()`. */
export interface NodeRedisCluster {
  readonly masters: readonly unknown[]
  nodeClient (...args: never[]): unknown
  sendCommand (firstKey: string, isReadonly: boolean, args: string[]): Promise<unknown>
  withTypeMapping (mapping: object): unknown
}

/** A client that the stores take. It stays the caller's, to configure and to close. */
export type RedisClient = IoredisClient | NodeRedisClient | NodeRedisCluster
