import { redisStore } from '@weir/cache/redis'
import { Entries } from '../keys/entries.js'
import type { Io } from './command.js'
import { type Given, redisUrl } from './define.js'

// Milliseconds. A person waits rather than be told of an outage that is none.
const PATIENCE = 5000

/** Runs with the entries of caches in a Redis, and closes its connection in the end. */
export async function withEntries<R> (
  given: Given,
  io: Io,
  run: (entries: Entries) => Promise<R>
): Promise<R> {
  const url = redisUrl(given, io)
  const prefix = given.text('prefix') ?? 'weir'
  const store = redisStore({ url, prefix, commandTimeout: PATIENCE })
  try {
    return await run(new Entries(store))
  } finally {
    await store.close()
  }
}
