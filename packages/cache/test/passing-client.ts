import type { IoredisClient } from '@weir/redis'

type Commands = Required<
  Pick<IoredisClient, 'getBuffer' | 'unlink' | 'evalshaBuffer' | 'evalBuffer'>
>

const missing = () => Promise.reject(new Error('the client has no such method'))

/**
 * Passes on what it is asked to a client, but makes no connection that listens; for tests to change
 * some of it.
 */
export const passingClient = (client: IoredisClient): Commands => ({
  getBuffer: (key) => client.getBuffer?.(key) ?? missing(),
  unlink: (key) => client.unlink(key),
  evalshaBuffer: (sha, keys, ...args) => client.evalshaBuffer?.(sha, keys, ...args) ?? missing(),
  evalBuffer: (source, keys, ...args) => client.evalBuffer?.(source, keys, ...args) ?? missing()
})
