import { fork } from 'node:child_process'
import { once } from 'node:events'
import { Random } from '@weir/internal/testing'
import { sql } from 'kysely'
import type { Test } from 'tap'
import { createOutbox, outboxMigration } from '../src/index.js'
import { writeBehind, writeBehindMigration } from '../src/write-behind/index.js'
import { type CrashPlace, type Line, linesOf, openPlace, ways } from './crash-place.js'

/** Destinations outside the database, and within it. */
export const KINDS = ['external', 'in transaction'] as const

/**
 * Runs a process that kills itself at the step. False: it finished, because there are no more
 * steps.
 */
async function crash (place: CrashPlace, seed: number, step: number): Promise<boolean> {
  const child = fork(
    new URL('crashing-writer.js', import.meta.url),
    [JSON.stringify(place), String(seed), String(step)],
    { execArgv: [], env: {} }
  )
  const [code, signal] = await once(child, 'exit') as [number | null, string | null]
  if (code !== null && code !== 0) throw new Error(`it failed with ${code}`)
  return signal === 'SIGKILL'
}

/**
 * Lets another instance write the rest of the dead one's writes. Returns sums by key, as the
 * destination counts them by sequence.
 */
async function recover (place: CrashPlace): Promise<Map<string, number>> {
  const db = openPlace(place)
  try {
    const outbox = createOutbox({ db, invalidate: async () => {} })
    const queue = writeBehind({
      db,
      outbox,
      name: 'q',
      pollInterval: 5,
      writeTimeout: 300,
      merge: (a: number, b: number) => a + b,
      ...ways(place, () => {})
    })
    // The dead process held a lease: its writes are due now, for this test.
    await db.updateTable('weir_writes').set({ due: '2000-01-01T00:00:00.000Z' }).execute()
    await queue.start()
    while (await queue.pending() > 0) await new Promise((resolve) => setTimeout(resolve, 5))
    await queue.stop()
    if ((await queue.dead()).length > 0) throw new Error('given up')
    if (place.destination !== undefined) return idempotent(linesOf(place.destination))
    const counts = await db.selectFrom('counts').selectAll().execute()
    return new Map(counts.map(({ key, n }) => [key, n]))
  } finally {
    await db.destroy()
  }
}

/** Deduplicates like a destination that stores the last sequence of each key. */
function idempotent (lines: readonly Line[]): Map<string, number> {
  const last = new Map<string, number>()
  const sums = new Map<string, number>()
  for (const { key, n, sequence = 0 } of lines) {
    if (sequence <= (last.get(key) ?? 0)) continue
    last.set(key, sequence)
    sums.set(key, (sums.get(key) ?? 0) + n)
  }
  return sums
}

const sumsOf = (lines: readonly Line[]) => {
  const sums = new Map<string, number>()
  for (const { key, n } of lines) sums.set(key, (sums.get(key) ?? 0) + n)
  return sums
}

const isSame = (a: Map<string, number>, b: Map<string, number>) =>
  a.size === b.size && [...a].every(([key, n]) => b.get(key) === n)

/**
 * Checks that each acknowledged put is in the destination once; the one in progress may or may not
 * be.
 */
function problemOf (place: CrashPlace, sums: Map<string, number>): string | undefined {
  const [begun, acknowledged] = [linesOf(place.begun), linesOf(place.acknowledged)]
  if (begun.length - acknowledged.length > 1) return 'more than one put was under way'
  if (isSame(sums, sumsOf(acknowledged)) || isSame(sums, sumsOf(begun))) return undefined
  return `acknowledged ${JSON.stringify([...sumsOf(acknowledged)])}, written ${JSON.stringify([...sums])}`
}

/**
 * Kills processes at steps that the seed picks, with another one finishing their writes each time.
 */
export async function check (
  t: Test,
  places: (run: string) => Promise<CrashPlace>,
  { runs, seed }: { runs: number; seed: number }
) {
  const random = new Random(seed)
  // The number of steps of the longest run.
  const steps = 140
  let [killed, left] = [0, 0]
  for (let i = 0; i < runs; i++) {
    const place = await places(String(i))
    const step = random.integer(0, steps)
    if (await crash(place, random.integer(1, 1e6), step)) killed++
    const db = openPlace(place)
    const { rows } = await sql<{ n: number }>`select count(*) as n from weir_writes`.execute(db)
    await db.destroy()
    if (Number(rows[0]?.n) > 0) left++
    const problem = problemOf(place, await recover(place))
    if (problem !== undefined) t.fail(`run ${i}, step ${step}: ${problem}`)
  }
  t.ok(killed >= runs / 2, `${killed} of ${runs} were killed`)
  t.ok(left >= runs / 4, `${left} left something to write`)
}

export async function migrate (place: CrashPlace): Promise<CrashPlace> {
  const db = openPlace(place)
  await outboxMigration.up(db)
  await writeBehindMigration.up(db)
  await db.schema
    .createTable('counts')
    .addColumn('key', 'varchar(10)', (column) => column.primaryKey())
    .addColumn('n', 'integer')
    .execute()
  await db.destroy()
  return place
}
