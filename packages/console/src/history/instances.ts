import { type InstanceState } from '@weir/metrics'
import { type Kysely } from 'kysely'
import { type Presence } from '../collector/presence.js'
import { type StatsSchema } from '../db/schema.js'

/** Stores states of instances that are newer than the stored ones. */
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

/** Returns the instances that were alive at `from` (ms) or later. */
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
