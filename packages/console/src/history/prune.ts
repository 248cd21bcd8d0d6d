import { type Kysely } from 'kysely'
import { type StatsSchema } from '../db/schema.js'
import { DAY, HOUR, HOURS_KEPT, MINUTE, minuteOf, MINUTES_KEPT } from './time.js'

/**
 * Time that the versions of records are known, in minutes: longer than any is taken, because one
 * whose earlier version is forgotten would be counted twice.
 */
const RECORDS_KEPT = DAY + 2 * HOUR
const TAKEN = DAY + HOUR

/**
 * Whether a record of this minute is counted: what is told of the day behind, or by a clock that is
 * a little ahead.
 * @param now ms
 */
export const isKept = (minute: number, now: number) =>
  minute > minuteOf(now) - TAKEN && minute < minuteOf(now) + HOUR

/** Retention of events, in days, and the most that are kept. */
const EVENT_DAYS = 30
const MOST_EVENTS = 20_000

/**
 * Forgets what is too old.
 * @param now ms
 */
export async function prune (db: Kysely<StatsSchema>, now: number): Promise<void> {
  const minute = minuteOf(now)
  await db.deleteFrom('records').where('minute', '<', minute - RECORDS_KEPT).execute()
  await db.deleteFrom('instances').where('lastSeenAt', '<', now - HOURS_KEPT * MINUTE).execute()
  await db.deleteFrom('events').where('at', '<', now - EVENT_DAYS * DAY * MINUTE).execute()
  await db
    .deleteFrom('events')
    .where('id', '<=', (eb) =>
      eb.selectFrom('events').select('id').orderBy('id', 'desc').limit(1).offset(MOST_EVENTS)
    )
    .execute()
  for (const table of [
    'routeCounts',
    'instanceCounts',
    'reasons',
    'fills',
    'denials',
    'cacheCounts'
  ] as const) {
    await db
      .deleteFrom(table)
      .where('step', '=', 'minute')
      .where('at', '<', minute - MINUTES_KEPT)
      .execute()
    await db
      .deleteFrom(table)
      .where('step', '=', 'hour')
      .where('at', '<', minute - HOURS_KEPT)
      .execute()
  }
}
