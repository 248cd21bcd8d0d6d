import { type Kysely } from 'kysely'
import { writing } from '../db/open.js'
import { type StatsSchema } from '../db/schema.js'
import { type NewEvent } from './event.js'

type Database = Kysely<StatsSchema>

/** Number of events per statement. */
const BATCH = 200

/**
 * Writes changes of the Redis connection and events, each once even if several processes detect it.
 */
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

/** A change of the Redis connection. */
export interface RedisChange {
  readonly at: number
  readonly isConnected: boolean
}

/**
 * Records that Redis was lost or is back, unless the log already does: of several processes that
 * detect the same change, one writes it. A Redis that was never lost causes no event.
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
