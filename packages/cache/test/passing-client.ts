import type { IoredisClient } from '@weir/redis'

type Commands = Required<
  Pick<IoredisClient, 'getBuffer' | 'unlink' | 'evalshaBuffer' | 'evalBuffer'>
>

const missing = () => Promise.reject(new Error('the client has no such method'))

/** Forwards calls to a client, but creates no listening connection; tests override parts of it. */
export const passingClient = (client: IoredisClient): Commands => ({
  getBuffer: (key) => client.getBuffer?.(key) ?? missing(),
  unlink: (key) => client.unlink(key),
  evalshaBuffer: (sha, keys, ...args) => client.evalshaBuffer?.(sha, keys, ...args) ?? missing(),
  evalBuffer: (source, keys, ...args) => client.evalBuffer?.(source, keys, ...args) ?? missing()
})
