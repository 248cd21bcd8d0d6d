import { type Kysely } from 'kysely'
import { writing } from '../db/open.js'
import { type StatsSchema } from '../db/schema.js'
import { type NewEvent } from './event.js'

type Database = Kysely<StatsSchema>

/** Events of one statement. */
const BATCH = 200

/** Writes events, each once whichever process finds it, and whether Redis is there. */
export async function writeEvents (
  db: Database,
  events: readonly NewEvent[],
  redis: RedisChange | undefined
): Promise<void> {
  if (events.length === 0 && redis === undefined) return
  await writing(db, async (connection) => {
    for (let i = 0; i < events.length; i += BATCH) {
      await insert(connection, events.slice(i, i + BATCH))
    }
    if (redis !== undefined) await writeRedis(connection, redis)
  })
}

/** Redis was found there or not there. */
export interface RedisChange {
  readonly at: number
  readonly isConnected: boolean
}

/**
 * Writes that Redis was lost or is back, unless the log says so already: of several processes that
 * find the same, one writes it. A Redis that was always there is no event.
 */
async function writeRedis (db: Database, { at, isConnected }: RedisChange): Promise<void> {
  const last = await db
    .selectFrom('events')
    .select(['id', 'kind', 'at'])
    .where('kind', 'in', ['redis-lost', 'redis-back'])
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst()
  const kind = isConnected ? 'redis-back' : 'redis-lost'
  if ((last?.kind ?? 'redis-back') === kind || (last !== undefined && last.at > at)) return
  await insert(db, [{ key: `${kind} after ${last?.id ?? 0}`, at, kind }])
}

async function insert (db: Database, events: readonly NewEvent[]): Promise<void> {
  await db
    .insertInto('events')
    .values(
      events.map(({ key, at, kind, service, instance, namespace, tags = [], about }) => ({
        key,
        at,
        kind,
        service: service ?? null,
        instance: instance ?? null,
        namespace: namespace ?? null,
        tags: JSON.stringify(tags),
        about: about ?? null
      }))
    )
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}
