import { redisStore } from '@weir/cache/redis'
import { Entries } from '../keys/entries.js'
import type { Io } from './command.js'
import type { Given } from './define.js'
import { withRedis } from './redis.js'

/** Runs `work` with the entries of the caches in a Redis, then closes the connection. */
export function withEntries<R> (
  given: Given,
  io: Io,
  work: (entries: Entries) => Promise<R>
): Promise<R> {
  return withRedis(given, io, async (location) => {
    const store = redisStore({ ...location, prefix: given.text('prefix') ?? 'weir' })
    try {
      return await work(new Entries(store))
    } finally {
      await store.close()
    }
  })
}
