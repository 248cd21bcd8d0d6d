import { join } from 'node:path'
import Database from 'better-sqlite3'
import {
  type Dialect,
  type Generated,
  Kysely,
  type KyselyPlugin,
  Migrator,
  type Migration,
  PostgresDialect,
  type SqliteDatabase,
  SqliteDialect
} from 'kysely'
import pg from 'pg'
import type { Test } from 'tap'
import { createCache } from '@weir/cache'
import { memoryStore } from '@weir/cache/memory'
import {
  findPostgres,
  startPostgres,
  type Teardown,
  type TestPostgres
} from '@weir/internal/testing'
import { createOutbox, makeOutboxMigration, type OutboxSchema } from '@weir/outbox'
import { type QueryCacheOptions, withQueryCache } from '../src/index.js'

/** A shop's database. */
export interface Schema extends OutboxSchema {
  categories: { id: Generated<number>, name: string }
  products: { id: Generated<number>, name: string, price: number, category_id: number | null }
  orders: { id: Generated<number>, product_id: number }
  /** A view of products. */
  cheap_products: { id: number, name: string, price: number }
}

/** @param id the type of a column whose values the database generates */
const shop = (id: 'integer' | 'serial'): Migration => ({
  async up (db: Kysely<unknown>) {
    await db.schema.createTable('categories')
      .addColumn('id', 'integer', (column) => column.primaryKey())
      .addColumn('name', 'text', (column) => column.notNull())
      .execute()
    await db.schema.createTable('products')
      .addColumn('id', id, (column) => column.primaryKey())
      .addColumn('name', 'text', (column) => column.notNull().unique())
      .addColumn('price', 'integer', (column) => column.notNull())
      .addColumn('category_id', 'integer')
      .execute()
    await db.schema
      .createTable('orders')
      .addColumn('id', 'integer', (column) => column.primaryKey())
      .addColumn('product_id', 'integer', (column) =>
        column.notNull().references('products.id').onDelete('cascade')
      )
      .execute()
    await db.schema.createView('cheap_products')
      .as(db.withTables<{ products: { id: number, name: string, price: number } }>()
        .selectFrom('products').select(['id', 'name', 'price']).where('price', '<', 100))
      .execute()
  }
})

export async function migrate (db: Kysely<Schema>, { id }: Pick<Engine, 'id'>): Promise<void> {
  const migrations = { '0001-shop': shop(id), '0002-outbox': makeOutboxMigration('queries') }
  const { error } = await new Migrator({
    db,
    provider: { getMigrations: async () => migrations }
  }).migrateToLatest()
  if (error !== undefined) throw new Error('not migrated', { cause: error })
}

/** The databases used by tests: their dialect, with a new database each time. */
export interface Engine {
  readonly name: string
  readonly newDatabase: (t: Pick<Test, 'testdir'>) => Promise<{
    /** Opens another connection or pool. */
    readonly dialect: () => Dialect
    /** The file, or the server and its database. */
    readonly place: string | TestPostgres
  }>
  readonly id: 'integer' | 'serial'
}

export const sqlite: Engine = {
  name: 'SQLite',
  newDatabase: async (t) => {
    const file = join(t.testdir(), 'shop.db')
    return { place: file, dialect: () => new SqliteDialect({ database: opened(file) }) }
  },
  id: 'integer'
}

export function opened (file: string): SqliteDatabase {
  const database = new Database(file, { timeout: 10_000 })
  database.pragma('journal_mode = WAL')
  database.pragma('foreign_keys = on')
  return database
}

/** The Postgres of a test file, with a separate database for each test. */
export async function postgresOf (t: Teardown): Promise<Engine> {
  const programs = findPostgres()
  if (programs === undefined) throw new Error('Postgres is not installed')
  const server = await startPostgres(t, programs)
  let databases = 0
  return {
    name: 'Postgres',
    newDatabase: async () => {
      const database = `shop${++databases}`
      const admin = new pg.Client({ ...server })
      await admin.connect()
      await admin.query(`create database ${database}`)
      await admin.end()
      const place = { ...server, database }
      return { place, dialect: () => new PostgresDialect({ pool: poolOf(place) }) }
    },
    id: 'serial'
  }
}

export const poolOf = (server: TestPostgres) => new pg.Pool({ ...server, max: 4 })

/** Both engines, for the tests of a file. */
export const enginesOf = async (t: Test): Promise<Engine[]> => [sqlite, await postgresOf(t)]

/** A cached database, the plain one beneath it, and the statements that reach the database. */
export async function newShop (
  t: Test,
  engine: Engine,
  options: Partial<QueryCacheOptions> & { readonly plugins?: KyselyPlugin[] } = {}
) {
  const { plugins = [], ...others } = options
  const { dialect } = await engine.newDatabase(t)
  const setUp = new Kysely<Schema>({ dialect: dialect() })
  await migrate(setUp, engine)
  await setUp
    .insertInto('categories')
    .values([
      { id: 1, name: 'kitchen' },
      { id: 2, name: 'garden' }
    ])
    .execute()
  await setUp
    .insertInto('products')
    .values([
      { name: 'kettle', price: 50, category_id: 1 },
      { name: 'pan', price: 80, category_id: 1 },
      { name: 'hose', price: 120, category_id: 2 }
    ])
    .execute()
  await setUp.destroy()

  const statements: string[] = []
  const db = new Kysely<Schema>({
    dialect: dialect(),
    plugins,
    log: ({ query }) => {
      if (!query.sql.includes('weir_outbox_tags')) statements.push(query.sql)
    }
  })
  const store = memoryStore()
  const cache = createCache({ store, namespace: 'queries' })
  const invalidated: string[][] = []
  const outbox = createOutbox({
    db,
    namespace: 'queries',
    pollInterval: 100,
    lease: 2000,
    invalidate: async (tags) => {
      await cache.invalidate(tags)
      invalidated.push([...tags])
    }
  })
  await outbox.start()
  const cachedDb = withQueryCache(db, {
    cache,
    outbox,
    primaryKeys: { products: 'id' },
    ...others
  })
  t.teardown(async () => {
    await outbox.stop()
    await db.destroy()
  })
  return {
    db,
    cachedDb,
    cache,
    outbox,
    invalidated,
    /** Opens another connection, like another program. */
    connect: () => {
      const other = new Kysely<Schema>({ dialect: dialect() })
      t.teardown(() => other.destroy())
      return other
    },
    /** Returns the service's own statements since the last call. */
    statements: () => statements.splice(0)
  }
}
