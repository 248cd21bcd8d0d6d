import { setImmediate as nextTurn } from 'node:timers/promises'
import { type MinuteRecord } from '@weir/metrics'
import { type Kysely } from 'kysely'
import { writing } from '../db/open.js'
import { type StatsSchema } from '../db/schema.js'
import { addRows } from './add-rows.js'
import { boundClients } from './bound-clients.js'
import { difference } from './difference.js'
import { isKept } from './prune.js'
import { rowsOf } from './rows.js'

/** Records per transaction. A batch takes about 10 ms, during which requests wait. */
const BATCH = 25

/**
 * Adds the new counts of records. Known versions are updated in the same transaction: each request
 * is counted exactly once, however often and in whatever order records arrive, and whenever this
 * process dies.
 * @param now ms
 * @param signal stops the work early, between two transactions
 */
export async function writeRecords (
  db: Kysely<StatsSchema>, records: readonly MinuteRecord[], now: number, signal?: AbortSignal
): Promise<void> {
  const newer = await newerThanKnown(db, records.filter(({ minute }) => isKept(minute, now)))
  for (let i = 0; i < newer.length; i += BATCH) {
    if (i > 0) await nextTurn()
    signal?.throwIfAborted()
    await writing(db, (transaction) => writeBatch(transaction, newer.slice(i, i + BATCH)))
  }
}

/**
 * Returns the latest version of each record that is newer than the known one. Most have been read
 * before. The comparison is repeated under the lock.
 */
async function newerThanKnown (
  db: Kysely<StatsSchema>,
  records: readonly MinuteRecord[]
): Promise<MinuteRecord[]> {
  if (records.length === 0) return []
  const since = records.reduce((least, { minute }) => Math.min(least, minute), Infinity)
  const rows = await db
    .selectFrom('records')
    .select(['minute', 'run', 'seq'])
    .where('minute', '>=', since)
    .execute()
  const latest = new Map(rows.map((row) => [keyOf(row), row.seq]))
  const newer = new Map<string, MinuteRecord>()
  for (const record of records) {
    if (record.seq <= (latest.get(keyOf(record)) ?? -Infinity)) continue
    latest.set(keyOf(record), record.seq)
    newer.set(keyOf(record), record)
  }
  return [...newer.values()]
}

async function writeBatch (
  db: Kysely<StatsSchema>,
  records: readonly MinuteRecord[]
): Promise<void> {
  const rows = await db
    .selectFrom('records')
    .select(['minute', 'run', 'seq', 'record'])
    .where('minute', 'in', [...new Set(records.map(({ minute }) => minute))])
    .execute()
  const known = new Map(rows.map((row) => [keyOf(row), row]))
  const newer = records.filter(
    (record) => record.seq > (known.get(keyOf(record))?.seq ?? -Infinity)
  )
  if (newer.length === 0) return

  const added = rowsOf(
    newer.map((record) => {
      const row = known.get(keyOf(record))
      return difference(record, row && (JSON.parse(row.record) as MinuteRecord))
    })
  )
  await addRows(db, { ...added, denials: await boundClients(db, added.denials) })
  await db
    .insertInto('records')
    .values(
      newer.map((record) => ({
        minute: record.minute,
        run: record.run,
        seq: record.seq,
        record: JSON.stringify(record)
      }))
    )
    .onConflict((conflict) =>
      conflict.doUpdateSet((eb) => ({
        seq: eb.ref('excluded.seq'),
        record: eb.ref('excluded.record')
      }))
    )
    .execute()
}

const keyOf = ({ minute, run }: { minute: number, run: string }) => `${minute} ${run}`
