import { startMemcached, startRedis } from '@weir/internal/testing'
import root, { type Test } from 'tap'
import type { Store } from '../src/index.js'
import { memoryStore } from '../src/stores/memory.js'
import { sqliteStore } from '../src/stores/sqlite/index.js'
import { openMemcached } from './memcached-place.js'
import { nextPrefix, openPostgres, startServer, urlOf } from './postgres-place.js'
import { openStore } from './redis-place.js'

// Starting one takes a second, so all tests of a file share one.
let postgres: ReturnType<typeof startServer> | undefined

/** Runs the test with each kind of store: empty, and closed after the test. */
export function eachStore (
  t: Test,
  name: string,
  run: (t: Test, store: Store) => Promise<void>
): void {
  const open: Readonly<Record<string, (t: Test) => Promise<Store>>> = {
    memory: async () => memoryStore(),
    SQLite: async (t) => {
      const store = sqliteStore({ file: `${t.testdir()}/cache.db` })
      t.teardown(() => store.close())
      return store
    },
    Redis: async (t) => openStore(t, { url: (await startRedis(t)).url }),
    Postgres: async (t) =>
      openPostgres(t, {
        url: urlOf(await (postgres ??= startServer(root))),
        prefix: nextPrefix()
      }),
    Memcached: async (t) => openMemcached(t, { servers: [(await startMemcached(t)).address] })
  }
  for (const [kind, make] of Object.entries(open)) {
    t.test(`${name}: ${kind}`, async (t) => {
      await run(t, await make(t))
    })
  }
}
