import { type Kysely } from 'kysely'
import { type DenialTable, type StatsSchema } from '../db/schema.js'

/**
 * Maximum number of distinct clients of one service in a minute or an hour. The bound keeps clients
 * with many addresses from filling the disk.
 */
const CLIENTS = 200
const OTHERS = 'others'

/** Merges clients beyond the bound of their service and time into one. */
export async function boundClients (
  db: Kysely<StatsSchema>,
  denials: readonly DenialTable[]
): Promise<DenialTable[]> {
  const known = new Map<string, Set<string>>()
  const bounded: DenialTable[] = []
  for (const denial of denials) {
    const { step, at, service, client } = denial
    const key = JSON.stringify([step, at, service])
    let clients = known.get(key)
    if (clients === undefined) {
      const rows = await db
        .selectFrom('denials')
        .select('client')
        .distinct()
        .where('step', '=', step)
        .where('at', '=', at)
        .where('service', '=', service)
        .execute()
      clients = new Set(rows.map((row) => row.client))
      known.set(key, clients)
    }
    const isTold = clients.has(client) || clients.size < CLIENTS
    if (isTold) clients.add(client)
    bounded.push(isTold ? denial : { ...denial, client: OTHERS })
  }
  return bounded
}
