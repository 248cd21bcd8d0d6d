import { type Kysely, sql } from 'kysely'
import { type StatsSchema } from '../db/schema.js'
import { type Rows } from './rows.js'

/**
 * Adds rows to the existing counts. Each statement receives all rows of a table as one JSON value:
 * binding several values per row takes longer than adding them.
 */
export async function addRows (
  db: Kysely<StatsSchema>,
  { routeCounts, instanceCounts, reasons, fills, denials, cacheCounts }: Rows
): Promise<void> {
  await sql`
    insert into route_counts (step, at, service, route, outcome, ${columns})
    select ${period}, value ->> 'service', value ->> 'route', value ->> 'outcome', ${values} from ${each(routeCounts)}
    on conflict do update set ${sums}`.execute(db)
  await sql`
    insert into instance_counts (step, at, service, instance, outcome, ${columns})
    select ${period}, value ->> 'service', value ->> 'instance', value ->> 'outcome', ${values} from ${each(instanceCounts)}
    on conflict do update set ${sums}`.execute(db)
  await sql`
    insert into reasons (step, at, service, route, reason, count)
    select ${period}, value ->> 'service', value ->> 'route', value ->> 'reason', value ->> 'count' from ${each(reasons)}
    on conflict do update set ${sum}`.execute(db)
  await sql`
    insert into fills (step, at, service, instance, filled_by, count)
    select ${period}, value ->> 'service', value ->> 'instance', value ->> 'filledBy', value ->> 'count' from ${each(fills)}
    on conflict do update set ${sum}`.execute(db)
  await sql`
    insert into denials (step, at, service, route, policy, client, count)
    select ${period}, value ->> 'service', value ->> 'route', value ->> 'policy', value ->> 'client', value ->> 'count' from ${each(denials)}
    on conflict do update set ${sum}`.execute(db)
  await sql`
    insert into cache_counts (step, at, service, cache, l1, l2, coalesced, stale, misses, saved_micros)
    select ${period}, value ->> 'service', value ->> 'cache', value ->> 'l1', value ->> 'l2', value ->> 'coalesced', value ->> 'stale',
      value ->> 'misses', value ->> 'savedMicros'
    from ${each(cacheCounts)}
    on conflict do update set
      l1 = l1 + excluded.l1,
      l2 = l2 + excluded.l2,
      coalesced = coalesced + excluded.coalesced,
      stale = stale + excluded.stale,
      misses = misses + excluded.misses,
      saved_micros = saved_micros + excluded.saved_micros`.execute(db)
}

// SQLite needs the condition: otherwise it parses "on conflict" as part of a join.
const each = (rows: readonly object[]) => sql`json_each(${JSON.stringify(rows)}) where true`
const period = sql`value ->> 'step', value ->> 'at'`

const columns = sql`count, shared, not_modified, bytes, saved_micros, latency_sum_micros, latency`
const values = sql`
  value ->> 'count', value ->> 'shared', value ->> 'notModified', value ->> 'bytes', value ->> 'savedMicros', value ->> 'latencySumMicros',
  value -> 'latency'`
const sum = sql`count = count + excluded.count`
const sums = sql`
  ${sum},
  shared = shared + excluded.shared,
  not_modified = not_modified + excluded.not_modified,
  bytes = bytes + excluded.bytes,
  saved_micros = saved_micros + excluded.saved_micros,
  latency_sum_micros = latency_sum_micros + excluded.latency_sum_micros,
  latency = latency_add(latency, excluded.latency)`
