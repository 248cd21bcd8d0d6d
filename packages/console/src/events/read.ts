import { type Kysely, sql } from 'kysely'
import { type StatsSchema } from '../db/schema.js'
import { type EventKind, type LoggedEvent } from './event.js'

type Database = Kysely<StatsSchema>

/** Number of events on one page. */
export const PAGE = 100
/** Maximum number of events sent to viewers at once. */
const MOST_NEW = 500

/** Selects events that match all given values. */
export interface EventFilter {
  /** ms since 1970 */
  readonly from?: number
  /** ms since 1970, exclusive */
  readonly to?: number
  readonly kind?: EventKind
  readonly service?: string
  readonly instance?: string
  readonly tag?: string
  /** Start of the page: the `next` of the previous page. */
  readonly cursor?: string
}

/** Returns one page of events, newest first, and the cursor of the next; null on the last. */
export async function readEvents (
  db: Database,
  { from, to, kind, service, instance, tag, cursor }: EventFilter
): Promise<{ events: LoggedEvent[], next: string | null }> {
  let query = db.selectFrom('events').select(COLUMNS)
  if (from !== undefined) query = query.where('at', '>=', from)
  if (to !== undefined) query = query.where('at', '<', to)
  if (kind !== undefined) query = query.where('kind', '=', kind)
  if (service !== undefined) query = query.where('service', '=', service)
  if (instance !== undefined) query = query.where('instance', '=', instance)
  if (tag !== undefined) {
    query = query.where(
      sql<boolean>`exists (select 1 from json_each(events.tags) as tag where tag.value = ${tag})`
    )
  }
  if (cursor !== undefined) {
    const [at = 0, id = 0] = cursor.split('-').map(Number)
    query = query.where(sql<boolean>`(at, id) < (${at}, ${id})`)
  }
  const rows = await query
    .orderBy('at', 'desc')
    .orderBy('id', 'desc')
    .limit(PAGE + 1)
    .execute()
  const last = rows.length > PAGE ? rows[PAGE - 1] : undefined
  return {
    events: rows.slice(0, PAGE).map(eventOf),
    next: last === undefined ? null : `${last.at}-${last.id}`
  }
}

/** Returns the events written after this one, oldest first. */
export async function readNewEvents (db: Database, id: number): Promise<LoggedEvent[]> {
  const rows = await db
    .selectFrom('events')
    .select(COLUMNS)
    .where('id', '>', id)
    .orderBy('id')
    .limit(MOST_NEW)
    .execute()
  return rows.map(eventOf)
}

/** Returns the id of the last event written; 0 if there is none. */
export async function lastEventId (db: Database): Promise<number> {
  const row = await db
    .selectFrom('events')
    .select(({ fn }) => fn.max<number | null>('id').as('id'))
    .executeTakeFirst()
  return row?.id ?? 0
}

/** Returns processes found silent since `from`, with the time of their last report. */
export async function readSilent (db: Database, from: number): Promise<Map<string, number>> {
  const rows = await db
    .selectFrom('events')
    .select('key')
    .where('kind', '=', 'killed')
    .where('at', '>=', from)
    .orderBy('id')
    .execute()
  return new Map(
    rows.map(({ key }) => {
      const [, run = '', at = ''] = key.split(' ')
      return [run, Number(at)]
    })
  )
}

const COLUMNS = [
  'id',
  'at',
  'kind',
  'service',
  'instance',
  'namespace',
  'tags',
  'about'
] as const

const eventOf = ({ tags, ...event }: Omit<LoggedEvent, 'tags'> & { tags: string }) => ({
  ...event,
  tags: JSON.parse(tags) as string[]
})
