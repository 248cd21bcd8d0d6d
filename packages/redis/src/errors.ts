/** The message of each error code; it says what to do. */
const messages = {
  WEIR_REDIS_NO_CLIENT: () =>
    'No Redis is configured: use { url: "redis://host:6379" }, or { client } of ioredis 5 or 6 or node-redis 5',
  WEIR_REDIS_TWO_CLIENTS: () => 'Both url and client are set: use only one of them',
  WEIR_REDIS_UNKNOWN_CLIENT: (what: string) =>
    `client: ${what} is not a known client: use a Redis or Cluster of ioredis 5 or 6, or the result of createClient() or createCluster() of node-redis 5`,
  WEIR_REDIS_URL: (what: string) =>
    `The url must look like redis://host:6379, rediss://user:password@host:6379/0, redis+sentinel://host:26379,host:26379/name, redis+cluster://host:7000,host:7001 or /path/to/redis.sock: ${what}`,
  WEIR_REDIS_INVALID_OPTION: (what: string) => what,
  WEIR_REDIS_NO_IOREDIS: () => '{ url } needs the package ioredis: run npm install ioredis',
  WEIR_REDIS_NOT_CONNECTED: (what: string) =>
    `Redis is not connected (${what}): see the client's error events for the reason`,
  WEIR_REDIS_TIMEOUT: (what: string) =>
    `Redis has not answered ${what}: check that it is running, or raise commandTimeout`,
  WEIR_REDIS_DATABASE: (what: string) =>
    `Redis database ${what}: use an index below the server's "databases" setting, or grant +select`,
  WEIR_REDIS_REPLY: (what: string) =>
    `Redis replied ${what}, which the command never returns: check the client for reply transformers`
} as const

export type RedisErrorCode = keyof typeof messages

/** An error of the client layer. `code` is stable; the message is for people. */
export class RedisError extends Error {
  override readonly name = 'RedisError'

  /** @param detail the variable part of the message */
  constructor (readonly code: RedisErrorCode, readonly detail = '', options?: ErrorOptions) {
    super(messages[code](detail), options)
  }
}

/** An error reply of Redis, for clients whose errors have no such name. ioredis' errors have it. */
export class ReplyError extends Error {
  override readonly name = 'ReplyError'
}
