import { type InstanceState } from '@weir/metrics'
import { type Kysely } from 'kysely'
import { type Presence } from '../collector/presence.js'
import { type StatsSchema } from '../db/schema.js'

/** Writes down how instances are, where it is later than what is known. */
export async function writeInstances (
  db: Kysely<StatsSchema>,
  presences: readonly Presence[]
): Promise<void> {
  if (presences.length === 0) return
  const rows = presences.map(({ state, lastSeenAt }) => ({
    service: state.service,
    instance: state.instance,
    lastSeenAt,
    state: JSON.stringify({ ...state, invalidations: [] })
  }))
  await db
    .insertInto('instances')
    .values(rows)
    .onConflict((conflict) =>
      conflict
        .doUpdateSet((eb) => ({
          lastSeenAt: eb.ref('excluded.lastSeenAt'),
          state: eb.ref('excluded.state')
        }))
        .whereRef('excluded.lastSeenAt', '>', 'instances.lastSeenAt')
    )
    .execute()
}

/** The instances that were there at `from` (ms) or later. */
export async function readPresences (db: Kysely<StatsSchema>, from: number): Promise<Presence[]> {
  const rows = await db
    .selectFrom('instances')
    .select(['lastSeenAt', 'state'])
    .where('lastSeenAt', '>=', from)
    .orderBy('service')
    .orderBy('instance')
    .execute()
  return rows.map(({ lastSeenAt, state }) => ({
    lastSeenAt,
    state: JSON.parse(state) as InstanceState
  }))
}
