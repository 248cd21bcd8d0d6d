import { type CacheCounts, type Outcome, type Series } from '@weir/metrics'
import { type Kysely, type RawBuilder, sql } from 'kysely'
import { parse } from '../db/latency.js'
import { type SeriesColumns, type StatsSchema } from '../db/schema.js'
import { type Outcomes } from '../outcomes.js'
import { type Part } from './range.js'

type Database = Kysely<StatsSchema>

/** Reads the requests to all instances. */
export async function readTotal (db: Database, parts: readonly Part[]): Promise<Outcomes> {
  const rows = await db
    .selectFrom('instanceCounts')
    .select(['outcome', ...sums])
    .where(during(parts))
    .groupBy('outcome')
    .execute()
  return outcomesOf(rows)
}

export interface RouteOutcomes {
  readonly service: string
  readonly route: string
  readonly outcomes: Outcomes
  readonly reasons: Readonly<Record<string, number>>
}

/** Selects routes that match all given values. */
export interface WhichRoute {
  readonly service?: string
  readonly route?: string
}

/** Reads the requests to each route. */
export async function readRoutes (
  db: Database,
  parts: readonly Part[],
  { service, route }: WhichRoute = {}
): Promise<RouteOutcomes[]> {
  const rows = await db
    .selectFrom('routeCounts')
    .select(['service', 'route', 'outcome', ...sums])
    .where(during(parts))
    .$if(service !== undefined, (query) => query.where('service', '=', service ?? ''))
    .$if(route !== undefined, (query) => query.where('route', '=', route ?? ''))
    .groupBy(['service', 'route', 'outcome'])
    .orderBy('service')
    .orderBy('route')
    .execute()
  const reasons = await db
    .selectFrom('reasons')
    .select(['service', 'route', 'reason', total])
    .where(during(parts))
    .$if(service !== undefined, (query) => query.where('service', '=', service ?? ''))
    .$if(route !== undefined, (query) => query.where('route', '=', route ?? ''))
    .groupBy(['service', 'route', 'reason'])
    .execute()
  const byRoute = groupBy(reasons, nameOf)
  return Array.from(groupBy(rows, nameOf), ([name, [first, ...more]]) => ({
    service: first.service,
    route: first.route,
    outcomes: outcomesOf([first, ...more]),
    reasons: Object.fromEntries(
      (byRoute.get(name) ?? []).map(({ reason, count }) => [reason, count])
    )
  }))

  function nameOf ({ service, route }: { service: string; route: string }) {
    return JSON.stringify([service, route])
  }
}

/** Reads the counts of each cache other than response caches. */
export async function readCaches (
  db: Database,
  parts: readonly Part[]
): Promise<(CacheCounts & { readonly service: string })[]> {
  return await db
    .selectFrom('cacheCounts')
    .select([
      'service',
      'cache',
      sql<number>`sum(l1)`.as('l1'),
      sql<number>`sum(l2)`.as('l2'),
      sql<number>`sum(coalesced)`.as('coalesced'),
      sql<number>`sum(stale)`.as('stale'),
      sql<number>`sum(misses)`.as('misses'),
      sql<number>`sum(saved_micros)`.as('savedMicros')
    ])
    .where(during(parts))
    .groupBy(['service', 'cache'])
    .orderBy('service')
    .orderBy('cache')
    .execute()
}

export interface InstanceOutcomes {
  readonly service: string
  readonly instance: string
  readonly outcomes: Outcomes
  readonly filledBy: Readonly<Record<string, number>>
}

/** Reads the requests to each instance. */
export async function readInstances (
  db: Database,
  parts: readonly Part[]
): Promise<InstanceOutcomes[]> {
  const rows = await db
    .selectFrom('instanceCounts')
    .select(['service', 'instance', 'outcome', ...sums])
    .where(during(parts))
    .groupBy(['service', 'instance', 'outcome'])
    .execute()
  const fills = await db
    .selectFrom('fills')
    .select(['service', 'instance', 'filledBy', total])
    .where(during(parts))
    .groupBy(['service', 'instance', 'filledBy'])
    .execute()
  const byInstance = groupBy(fills, nameOf)
  return Array.from(groupBy(rows, nameOf), ([name, [first, ...more]]) => ({
    service: first.service,
    instance: first.instance,
    outcomes: outcomesOf([first, ...more]),
    filledBy: Object.fromEntries(
      (byInstance.get(name) ?? []).map(({ filledBy, count }) => [filledBy, count])
    )
  }))

  function nameOf ({ service, instance }: { service: string; instance: string }) {
    return JSON.stringify([service, instance])
  }
}

/** Selects requests of either an instance or a route. */
export interface Which extends WhichRoute {
  readonly instance?: string
}

/** Reads the requests of each nonempty minute or hour, by its first minute. */
export async function readSteps (
  db: Database,
  part: Part,
  { service, instance, route }: Which
): Promise<Map<number, Outcomes>> {
  const rows =
    route === undefined
      ? await db
        .selectFrom('instanceCounts')
        .select(['at', 'outcome', ...sums])
        .where(during([part]))
        .$if(service !== undefined, (query) => query.where('service', '=', service ?? ''))
        .$if(instance !== undefined, (query) => query.where('instance', '=', instance ?? ''))
        .groupBy(['at', 'outcome'])
        .execute()
      : await db
        .selectFrom('routeCounts')
        .select(['at', 'outcome', ...sums])
        .where(during([part]))
        .where('route', '=', route)
        .$if(service !== undefined, (query) => query.where('service', '=', service ?? ''))
        .groupBy(['at', 'outcome'])
        .execute()
  return new Map(
    Array.from(
      groupBy(rows, ({ at }) => at),
      ([at, group]) => [at, outcomesOf(group)]
    )
  )
}

/** Reads denied requests by policy, in descending order. */
export async function readPolicies (
  db: Database,
  parts: readonly Part[]
): Promise<{ service: string; policy: string; denied: number }[]> {
  return await db
    .selectFrom('denials')
    .select(['service', 'policy', denied])
    .where(during(parts))
    .groupBy(['service', 'policy'])
    .orderBy('denied', 'desc')
    .orderBy('service')
    .orderBy('policy')
    .execute()
}

/** Counts the denied clients. Clients beyond the bound count as one. */
export async function countClients (db: Database, parts: readonly Part[]): Promise<number> {
  const { clients } = await db
    .selectFrom('denials')
    .select(sql<number>`count(distinct client)`.as('clients'))
    .where(during(parts))
    .executeTakeFirstOrThrow()
  return clients
}

/** Reads the clients with the most denied requests, by policy and route. */
export async function readClients (db: Database, parts: readonly Part[], most: number) {
  return await db
    .selectFrom('denials')
    .select(['client', 'service', 'policy', 'route', denied])
    .where(during(parts))
    .groupBy(['client', 'service', 'policy', 'route'])
    .orderBy('denied', 'desc')
    .orderBy('client')
    .orderBy('service')
    .orderBy('route')
    .orderBy('policy')
    .limit(most)
    .execute()
}

const total = sql<number>`sum(count)`.as('count')
const denied = sql<number>`sum(count)`.as('denied')
const sums = [
  total,
  sql<number>`sum(shared)`.as('shared'),
  sql<number>`sum(not_modified)`.as('notModified'),
  sql<number>`sum(bytes)`.as('bytes'),
  sql<number>`sum(saved_micros)`.as('savedMicros'),
  sql<number>`sum(latency_sum_micros)`.as('latencySumMicros'),
  sql<string>`latency_sum(latency)`.as('latency')
] as const

const during = (parts: readonly Part[]): RawBuilder<boolean> => sql`(${sql.join(
  parts.map(({ step, first, end }) => sql`(step = ${step} and at >= ${first} and at < ${end})`),
  sql` or `
)})`

const seriesOf = ({
  latency,
  count,
  shared,
  notModified,
  bytes,
  savedMicros,
  latencySumMicros
}: SeriesColumns): Series => ({
  count,
  shared,
  notModified,
  bytes,
  savedMicros,
  latencySumMicros,
  latency: parse(latency)
})

const outcomesOf = (rows: readonly (SeriesColumns & { outcome: Outcome })[]): Outcomes =>
  Object.fromEntries(rows.map((row) => [row.outcome, seriesOf(row)]))

/** Groups values by key; each group has at least one value. */
function groupBy<Value, Key> (
  values: readonly Value[],
  keyOf: (value: Value) => Key
): Map<Key, [Value, ...Value[]]> {
  const groups = new Map<Key, [Value, ...Value[]]>()
  for (const value of values) {
    const group = groups.get(keyOf(value))
    if (group === undefined) groups.set(keyOf(value), [value])
    else group.push(value)
  }
  return groups
}
