import { type Kysely } from 'kysely'
import { type StatsSchema } from '../db/schema.js'
import { DAY, HOUR, HOURS_KEPT, MINUTE, minuteOf, MINUTES_KEPT } from './time.js'

/**
 * Retention of record versions, in minutes. Longer than the age at which records are accepted: a
 * record whose earlier version was deleted would be counted twice.
 */
const RECORDS_KEPT = DAY + 2 * HOUR
const TAKEN = DAY + HOUR

/**
 * Whether a record of this minute is counted: it is at most a day old, or slightly ahead because of
 * clock skew.
 * @param now ms
 */
export const isKept = (minute: number, now: number) =>
  minute > minuteOf(now) - TAKEN && minute < minuteOf(now) + HOUR

/** Retention of events, in days, and their maximum number. */
const EVENT_DAYS = 30
const MOST_EVENTS = 20_000

/**
 * Deletes expired records, counts, instances, codes and events.
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
