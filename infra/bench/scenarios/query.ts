import { join } from 'node:path'
import { createCache } from '@weir/cache'
import { memoryStore } from '@weir/cache/memory'
import { createOutbox, outboxMigration, type OutboxSchema } from '@weir/outbox'
import { cached, withQueryCache } from '@weir/query'
import Database from 'better-sqlite3'
import { Kysely, SqliteDialect } from 'kysely'
import { callFor, compareCalls } from '../calls.js'
import { interleave } from '../rounds.js'
import type { Result, Scenario, Surroundings } from '../scenario.js'

const ROUNDS = 7
const MILLISECONDS = 250
const PRODUCTS = 10_000
const CATEGORIES = 20
const KEYS = Array.from({ length: CATEGORIES }, (_, i) => String(i))
const TARGET = 10
const WARM_UP = 5000
// Consecutive calls leave timers no turn in which to check the outbox.
const LEASE = 600_000

interface Shop extends OutboxSchema {
  categories: { id: number, title: string }
  products: { id: number, name: string, description: string, price: number, category_id: number }
}

/**
 * The first page of a category, as a shop lists it; built and compiled at each call, as application
 * code does.
 */
const page = (db: Kysely<Shop>, category: number) => db.selectFrom('products')
  .innerJoin('categories', 'categories.id', 'products.category_id')
  .select(['products.id', 'products.name', 'description', 'price', 'title'])
  .where('category_id', '=', category)
  .orderBy('products.name')
  .limit(20)

/** A list of 20 rows from the query cache, against the same query. */
export const query: Scenario = {
  name: 'query',
  about: 'a list of 20 rows from the query cache against the same Kysely query on SQLite',
  async run (around): Promise<Result[]> {
    around.say('query: warming up')
    const db = await newShop(around)
    const cache = createCache({ store: memoryStore(), namespace: 'bench' })
    const outbox = createOutbox({ db, lease: LEASE, invalidate: (tags) => cache.invalidate(tags) })
    await outbox.start()
    around.defer(() => outbox.stop())
    const cachedDb = withQueryCache(db, { cache, outbox })
    const hit = {
      what: 'hit',
      read: (key: string) => page(cachedDb, Number(key)).$call(cached({ ttl: '1h' })).execute()
    }
    const uncached = { what: 'the query', read: (key: string) => page(db, Number(key)).execute() }
    for (const key of KEYS) {
      const [mine, theirs] = [await hit.read(key), await uncached.read(key)]
      if (mine.length !== 20 || JSON.stringify(mine) !== JSON.stringify(theirs)) {
        throw new Error('the lists differ')
      }
    }
    const readers = [hit, uncached]
    // The warm-up counts calls, not time: code compiled late on a busy machine would be measured as
    // slow.
    for (let i = 0; i < WARM_UP; i++) {
      for (const reader of readers) await reader.read(KEYS[i % KEYS.length] ?? '')
    }
    const { misses } = cache.stats()
    const rounds = await interleave(readers, around.repeat(ROUNDS), async (reader, round) => {
      around.say(`query: round ${round + 1}, ${reader.what}`)
      return callFor(MILLISECONDS, reader, KEYS)
    })
    if (cache.stats().misses !== misses) throw new Error('hits went to the database')
    return [compareCalls('query', 'of a list of 20', hit, uncached, rounds, TARGET)]
  }
}

async function newShop (around: Surroundings): Promise<Kysely<Shop>> {
  const database = new Database(join(around.dir, 'query.db'))
  database.pragma('journal_mode = WAL')
  const db = new Kysely<Shop>({ dialect: new SqliteDialect({ database }) })
  around.defer(() => db.destroy())
  await outboxMigration.up(db)
  database.exec(`
    create table categories (id integer primary key, title text not null);
    create table products (id integer primary key, name text not null, description text not null, price integer not null, category_id integer not null);
    create index products_by_category on products (category_id);`)
  const insert = database.prepare(
    'insert into products (name, description, price, category_id) values (?, ?, ?, ?)'
  )
  database.transaction(() => {
    for (let id = 0; id < CATEGORIES; id++) {
      database.prepare('insert into categories values (?, ?)').run(id, `Category ${id}`)
    }
    for (let i = 0; i < PRODUCTS; i++) {
      insert.run(`Product ${(i * 7919) % PRODUCTS}`, 'Text. '.repeat(30), i % 5000, i % CATEGORIES)
    }
  })()
  return db
}
