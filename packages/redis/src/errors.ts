/** The message of each error code; it says what to do. */
const messages = {
  WEIR_REDIS_NO_CLIENT: () =>
    'There is no Redis to talk to: give { url: "redis://host:6379" }, or { client } made by ioredis 5 or 6 or by node-redis 5',
  WEIR_REDIS_TWO_CLIENTS: () => 'Both url and client are given: give the one that is to be used',
  WEIR_REDIS_UNKNOWN_CLIENT: (what: string) =>
    `client: ${what} is none that is known: give a Redis or Cluster of ioredis 5 or 6, or what createClient() or createCluster() of node-redis 5 returns`,
  WEIR_REDIS_URL: (what: string) =>
    `The url must look like redis://host:6379, rediss://user:password@host:6379/0, redis+sentinel://host:26379,host:26379/name, redis+cluster://host:7000,host:7001 or /path/to/redis.sock: ${what}`,
  WEIR_REDIS_INVALID_OPTION: (what: string) => what,
  WEIR_REDIS_NO_IOREDIS: () => '{ url } needs the package ioredis: run npm install ioredis',
  WEIR_REDIS_NOT_CONNECTED: (what: string) =>
    `Redis is not connected (${what}): see the client's error events for the reason`,
  WEIR_REDIS_TIMEOUT: (what: string) =>
    `Redis has not answered ${what}: check that it runs, or raise commandTimeout`,
  WEIR_REDIS_DATABASE: (what: string) =>
    `Redis database ${what}: give an index below the server's "databases" setting, or grant +select`,
  WEIR_REDIS_REPLY: (what: string) =>
    `Redis replied ${what}, which the command never does: check for reply transformers of the client`
} as const

export type RedisErrorCode = keyof typeof messages

/** An error of the client layer. `code` is stable, the message is for people. */
export class RedisError extends Error {
  override readonly name = 'RedisError'

  /** @param detail what of the message is about this case */
  constructor (readonly code: RedisErrorCode, readonly detail = '', options?: ErrorOptions) {
    super(messages[code](detail), options)
  }
}

/** What Redis itself refuses, from clients that have no such name for it. ioredis has. */
export class ReplyError extends Error {
  override readonly name = 'ReplyError'
}
