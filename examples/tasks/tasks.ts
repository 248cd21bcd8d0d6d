import { createCaches, type Store, valueType } from '@weir/cache'
import type { Outbox } from '@weir/outbox'
import { writeThrough } from '@weir/outbox/write-through'
import { cached, withQueryCache } from '@weir/query'
import type { Kysely } from 'kysely'
import type { Schema, Task } from './database.js'

export type TaskId = Pick<Task, 'owner' | 'id'>

export const createTaskCaches = (store: Store) => createCaches({
  stores: { store },
  caches: {
    queries: { store: 'store' },
    tasks: { store: 'store', value: valueType<Task | undefined>() }
  }
})

class UnknownTaskError extends Error {
  readonly statusCode = 404
}

/** Cached lists and tasks. Each is stored per owner, so that users never get another's. */
export function createTaskList (
  db: Kysely<Schema>, outbox: Outbox, { queries, tasks }: ReturnType<typeof createTaskCaches>
) {
  const cachedDb = withQueryCache(db, { cache: queries, outbox, primaryKeys: { tasks: 'id' } })

  const keyOf = ({ owner, id }: TaskId) => `${owner}:${id}`
  const load = ({ owner, id }: TaskId) => db.selectFrom('tasks').selectAll()
    .where('owner', '=', owner).where('id', '=', id).executeTakeFirst()
  const through = { db: cachedDb, outbox, cache: tasks, ttl: '1h', key: keyOf, read: load } as const

  return {
    /** A cached query, until a write changes the table. */
    list: (owner: string) => cachedDb.selectFrom('tasks').select(['id', 'title', 'done'])
      .where('owner', '=', owner).orderBy('id').$call(cached({ ttl: '1m' })).execute(),

    find: (task: TaskId) => tasks.remember(keyOf(task), { ttl: '1h' }, () => load(task)),

    // Write-through: to the database and the cache in one step.
    create: writeThrough({
      ...through,
      write: (trx, task: Pick<Task, 'owner' | 'title'>) => trx.insertInto('tasks')
        .values({ ...task, done: 0 }).returningAll().executeTakeFirstOrThrow()
    }),
    finish: writeThrough({
      ...through,
      write: (trx, { owner, id }: TaskId) => trx.updateTable('tasks').set({ done: 1 })
        .where('owner', '=', owner).where('id', '=', id).returningAll()
        .executeTakeFirstOrThrow(() => new UnknownTaskError(`You have no task ${id}`))
    })
  }
}
