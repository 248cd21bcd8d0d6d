import type { RedisClient } from '../src/stores/redis/index.js'

const missing = () => Promise.reject(new Error('the client has no such method'))

/** A client that passes on what it is asked, but makes no connection that listens; for tests to change some of it. */
export const passingClient = (client: RedisClient): RedisClient => ({
  getBuffer: (key) => client.getBuffer(key),
  unlink: (key) => client.unlink(key),
  evalsha: (sha, keys, ...args) => client.evalsha(sha, keys, ...args),
  eval: (source, keys, ...args) => client.eval(source, keys, ...args),
  evalshaBuffer: (sha, keys, ...args) => client.evalshaBuffer?.(sha, keys, ...args) ?? missing(),
  evalBuffer: (source, keys, ...args) => client.evalBuffer?.(source, keys, ...args) ?? missing()
})
