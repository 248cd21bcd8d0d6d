import { redisStore } from '@weir/cache/redis'
import { Entries } from '../keys/entries.js'
import type { Io } from './command.js'
import { type Given, redisUrl } from './define.js'

// Timeout in milliseconds. A person would rather wait than see a false report of an outage.
const PATIENCE = 5000

/** Runs `work` with the entries of the caches in a Redis, then closes the connection. */
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
