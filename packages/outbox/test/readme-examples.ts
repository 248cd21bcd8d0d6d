import { createCache } from '@weir/cache'
import { memoryStore } from '@weir/cache/memory'
import type { Kysely } from 'kysely'
import { createOutbox, type OutboxSchema } from '../src/index.js'
import { writeBehind, type Write, type WriteBehindSchema } from '../src/write-behind/index.js'
import { writeThrough } from '../src/write-through.js'

/**
 * The README's examples, to be compiled: types are inferred from the database, the cache and
 * `write` alone.
 */
export async function examples (db: Kysely<Schema>, warehouse: Warehouse) {
  const cache = createCache({ store: memoryStore(), namespace: 'n' })
  const outbox = createOutbox({ db, invalidate: (tags) => cache.invalidate(tags) })
  const load = (id: string) =>
    db.selectFrom('products').selectAll().where('id', '=', id).executeTakeFirstOrThrow()

  const saveProduct = writeThrough({
    db,
    outbox,
    cache,
    ttl: '1m',
    write: (trx, { id, price }: { id: string; price: number }) =>
      trx
        .updateTable('products')
        .set({ price })
        .where('id', '=', id)
        .returningAll()
        .executeTakeFirstOrThrow(),
    read: ({ id }) => load(id),
    key: ({ id }) => id,
    tags: ({ id }) => [`product:${id}`]
  })
  const { value, outcome } = await saveProduct({ id: '42', price: 1299 })

  const stock = writeBehind<number, Schema>({
    db,
    outbox,
    name: 'stock',
    write: (writes, { signal }) => warehouse.send(writes, { signal })
  })
  await stock.put('product:42', 17)
  const left = await cache.remember('product:42', { ttl: '1m' }, () =>
    stock.read('product:42', () => warehouse.stock(42))
  )

  const prices = writeBehind<number, Schema>({
    db,
    outbox,
    name: 'prices',
    merge: (earlier, later) => earlier + later,
    writeInTransaction: (trx, writes) =>
      trx
        .insertInto('products')
        .values(writes.map(({ key, value }) => ({ id: key, price: value })))
        .execute()
  })
  return { price: value.price, outcome, left, prices }
}

interface Schema extends OutboxSchema, WriteBehindSchema {
  products: { id: string, price: number }
}

interface Warehouse {
  send (writes: readonly Write<number>[], options: { signal: AbortSignal }): Promise<void>
  stock (product: number): Promise<number>
}
