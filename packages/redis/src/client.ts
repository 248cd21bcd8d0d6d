import type { Argument } from './driver.js'

/**
 * The required part of an ioredis 5 or 6 client (`Redis`, of one server or behind Sentinel, or
 * `Cluster`), or of a compatible one.
 *
 * Without `duplicate` or `nodes`, which create the listening connection, there is none.
 */
export interface IoredisClient {
  unlink (key: string): Promise<number>
  readonly isCluster?: boolean
  /** Optional only because ioredis' types omit some members of its clients. */
  getBuffer? (key: string): Promise<Buffer | null>
  mgetBuffer? (...keys: string[]): Promise<(Buffer | null)[]>
  hvalsBuffer? (key: string): Promise<Buffer[]>
  getrangeBuffer? (key: string, start: number, end: number): Promise<Buffer>
  scanBuffer? (...args: never[]): Promise<unknown>
  evalshaBuffer? (sha: string, keys: number, ...args: Argument[]): Promise<unknown>
  evalBuffer? (source: string, keys: number, ...args: Argument[]): Promise<unknown>
  duplicate? (...args: never[]): unknown
  nodes? (...args: never[]): readonly unknown[]
  refreshSlotsCache? (): void
}

/** The required part of a node-redis 5 client, `createClient()`. */
export interface NodeRedisClient {
  readonly isReady: boolean
  duplicate (...args: never[]): unknown
  sendCommand (args: string[]): Promise<unknown>
  withTypeMapping (mapping: object): unknown
}

/** The required part of a node-redis 5 client, `createCluster()`. */
export interface NodeRedisCluster {
  readonly masters: readonly unknown[]
  nodeClient (...args: never[]): unknown
  sendCommand (firstKey: string, isReadonly: boolean, args: string[]): Promise<unknown>
  withTypeMapping (mapping: object): unknown
}

/** A client that the stores accept. The caller configures and closes it. */
export type RedisClient = IoredisClient | NodeRedisClient | NodeRedisCluster
