import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { Redis } from 'ioredis'

/** The shared store at one point in time. */
export interface StoreSample {
  /** Seconds since the load began. */
  readonly at: number
  readonly bytes: number
  readonly entries: number
  /** Records of invalidated tags and of replaced keys. */
  readonly records: number
}

/**
 * Opens the store that the suite shares: the Redis of REDIS_URL, otherwise the file in DATA_DIR;
 * `undefined` if there is neither.
 */
export async function openStore (env: NodeJS.ProcessEnv): Promise<Watched | undefined> {
  if (env['REDIS_URL']) return redisWatched(env['REDIS_URL'])
  const file = join(env['DATA_DIR'] || '.data', 'cache.db')
  return existsSync(file) ? sqliteWatched(file) : undefined
}

export interface Watched {
  sample (at: number): Promise<StoreSample>
  close (): void
}

function redisWatched (url: string): Watched {
  const client = new Redis(url)
  return {
    async sample (at) {
      const [, bytes = '0'] = /used_memory:(\d+)/.exec(await client.info('memory')) ?? []
      let [entries, records] = [0, 0]
      for await (const keys of client.scanStream({ match: 'weir:*', count: 1000 })) {
        for (const key of keys as string[]) {
          if (/\}:(?:tags|replaced)$/.test(key)) records += await client.zcard(key)
          else entries++
        }
      }
      return { at, bytes: Number(bytes), entries, records }
    },
    close: () => { client.disconnect() }
  }
}

function sqliteWatched (file: string): Watched {
  const database = new Database(file, { readonly: true })
  const count = (table: string) =>
    Number(database.prepare(`select count(*) from ${table}`).pluck().get())
  return {
    sample: async (at) => ({
      at,
      bytes: statSync(file).size,
      entries: count('entries'),
      records: count('tags') + count('replaced')
    }),
    close: () => {
      database.close()
    }
  }
}
