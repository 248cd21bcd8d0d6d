import { join } from 'node:path'
import { sql } from 'kysely'
import t, { type Test } from 'tap'
import { Collector } from '../src/collector/collector.js'
import { database, totals } from './support/database.js'
import { memoryLog } from './support/log.js'
import { record, series, state } from './support/records.js'
import { SteeredStore } from './support/steered-store.js'
import { tempDir } from './support/temp-dir.js'

const NOW = Date.UTC(2026, 10, 20, 12, 34, 30)
const MINUTE = Math.floor(NOW / 60_000)
const SECOND = 1000
const DAY = 1440

async function setUp (t: Test, timeout?: number) {
  const file = join(await tempDir(t), 'stats.db')
  const store = new SteeredStore()
  const { log, lines } = memoryLog()
  const start = async () => {
    const db = await database(t, file)
    const collector = new Collector({ store, db, log, ...timeout !== undefined && { timeout } })
    /** Collects once and waits for the write. */
    const collect = async (now: number) => {
      const reading = await collector.collect(now)
      await collector.settled()
      return reading
    }
    return { db, collector, collect }
  }
  return { store, lines, start, ...await start() }
}

t.test('what changes is read each second, what may come late each minute', async (t) => {
  const { store, db, collect } = await setUp(t)
  await collect(NOW)
  t.same(store.reads.splice(0), [MINUTE - DAY], 'at first, all there is')
  await collect(NOW + SECOND)
  await collect(NOW + 2 * SECOND)
  t.same(store.reads.splice(0), [MINUTE - 1, MINUTE - 1])

  t.comment('an instance that was cut off tells what it has counted for the last hour')
  store.records = Array.from({ length: 60 }, (_, i) => record(MINUTE - i, 1, { l1: series(1) }))
  await collect(NOW + 3 * SECOND)
  t.same(await totals(db), { minutes: { l1: 2 }, hours: { l1: 2 } })
  await collect(NOW + 60 * SECOND)
  t.same(await totals(db), { minutes: { l1: 60 }, hours: { l1: 60 } })
})

t.test('a process that begins again in the middle of a minute goes on counting', async (t) => {
  const { store, collector, collect, start } = await setUp(t)
  store.records = [record(MINUTE, 1, { l1: series(4) })]
  await collect(NOW)
  await collector.stop()
  store.records = [record(MINUTE, 2, { l1: series(10) })]
  store.reads.length = 0
  const again = await start()
  await again.collect(NOW + 5 * SECOND)
  t.same(store.reads, [MINUTE - 65], 'what it has, it does not read again')
  t.same(await totals(again.db), { minutes: { l1: 10 }, hours: { l1: 10 } })
})

t.test('what was counted meanwhile is made up for, of a day at most', async (t) => {
  const { store, db, collect } = await setUp(t)
  await collect(NOW)
  store.reads.length = 0
  store.records = Array.from({ length: 200 }, (_, i) => record(MINUTE + i, 1, { l1: series(1) }))
  t.comment('the process was stopped for three hours')
  await collect(NOW + 180 * 60 * SECOND)
  t.same(store.reads.splice(0), [MINUTE - 65])
  t.same((await totals(db)).hours, { l1: 200 }, 'with those whose clock is ahead')
  t.comment('and for three days')
  await collect(NOW + 3 * DAY * 60 * SECOND)
  t.same(store.reads, [MINUTE + 2 * DAY])
})

t.test('a clock that was set back reads no less', async (t) => {
  const { store, collect } = await setUp(t)
  await collect(NOW)
  store.reads.length = 0
  await collect(NOW - 30 * 60 * SECOND)
  t.same(store.reads, [MINUTE - 95])
})

t.test(
  'a store that is gone and back: said once each, and nothing is lost or doubled',
  async (t) => {
    const { store, db, collector, collect, lines } = await setUp(t)
    store.records = [record(MINUTE, 1, { l1: series(4) })]
    store.states = [state(NOW)]
    await collect(NOW)
    t.same(collector.currency(NOW), { asOf: NOW, connected: true })

    store.until = Promise.reject(new Error('gone'))
    store.until.catch(() => {})
    t.equal(await collect(NOW + SECOND), undefined)
    t.equal(await collect(NOW + 2 * SECOND), undefined)
    t.same(collector.currency(NOW + 2 * SECOND), { asOf: NOW, connected: false })

    store.until = Promise.resolve()
    store.records = [
      record(MINUTE, 9, { l1: series(10) }),
      record(MINUTE + 1, 1, { l1: series(3) })
    ]
    await collect(NOW + 60 * SECOND)
    t.same(collector.currency(NOW + 60 * SECOND), { asOf: NOW + 60 * SECOND, connected: true })
    t.same(await totals(db), { minutes: { l1: 13 }, hours: { l1: 13 } })
    t.same(lines, [
      'Counts of the instances cannot be read',
      'Counts of the instances can be read again'
    ])
  }
)

t.test('a store that never answers is given up, and asked one thing at a time', async (t) => {
  const { store, collector, collect } = await setUp(t, 10)
  await collect(NOW)
  t.equal(store.reads.length, 1)
  store.until = new Promise(() => {})
  const unanswered = collector.collect(NOW + SECOND)
  t.equal(await collector.collect(NOW + 2 * SECOND), undefined)
  t.same(collector.currency(NOW + 2 * SECOND), { asOf: NOW, connected: true })
  t.same(
    collector.currency(NOW + 3 * SECOND),
    { asOf: NOW, connected: false },
    'it is not waited for to say that'
  )
  t.equal(await unanswered, undefined)
  t.equal(store.reads.length, 2)
  store.until = Promise.resolve()
  t.ok(await collect(NOW + 4 * SECOND))
})

t.test('what cannot be written down is told all the same, and written later', async (t) => {
  const { store, db, collector, collect, lines } = await setUp(t)
  store.records = [record(MINUTE, 1, { l1: series(4) })]
  await sql`create trigger refuse before insert on route_counts begin select raise(abort, 'no'); end`.execute(
    db
  )
  t.match(await collect(NOW), { records: [{ seq: 1 }] })
  t.match(await collect(NOW + SECOND), { records: [{ seq: 1 }] })
  t.same(collector.currency(NOW + SECOND), { asOf: null, connected: true })
  await sql`drop trigger refuse`.execute(db)
  await collect(NOW + 2 * SECOND)
  t.same(collector.currency(NOW + 2 * SECOND), { asOf: NOW + 2 * SECOND, connected: true })
  t.same(await totals(db), { minutes: { l1: 4 }, hours: { l1: 4 } })
  t.same(lines, [
    'Counts of the instances cannot be written to the database',
    'Counts of the instances are written to the database again'
  ])
  t.same(store.reads, [MINUTE - DAY, MINUTE - DAY, MINUTE - DAY])
})

t.test('two that share a file count once', async (t) => {
  const { store, db, collect, start } = await setUp(t)
  const other = await start()
  store.records = [record(MINUTE, 1, { l1: series(4) })]
  await Promise.all([collect(NOW), other.collect(NOW)])
  store.records = [record(MINUTE, 2, { l1: series(10) })]
  await Promise.all([other.collect(NOW + SECOND), collect(NOW + SECOND)])
  t.same(await totals(db), { minutes: { l1: 10 }, hours: { l1: 10 } })
})

t.test('once stopped it reads no more, and logs no more', async (t) => {
  const { store, collector, collect, lines } = await setUp(t)
  let fail = (_error: Error) => {}
  store.until = new Promise((_resolve, reject) => { fail = reject })
  const reading = collector.collect(NOW)
  // The collector first looks up the known records.
  while (store.reads.length === 0) await new Promise(setImmediate)
  await collector.stop()
  fail(new Error('closed'))
  t.equal(await reading, undefined)
  t.equal(await collect(NOW + SECOND), undefined)
  t.equal(store.reads.length, 1)
  t.same(lines, [])
})

t.test('an instance is there as long as it says something new', async (t) => {
  const { store, collect } = await setUp(t)
  t.comment('by a clock that is a minute ahead')
  store.states = [state(NOW + 60 * SECOND), state(NOW, { run: 'run-2', instance: 'catalog-2' })]
  t.match(await collect(NOW), { presences: [{ lastSeenAt: NOW }, { lastSeenAt: NOW }] })
  store.states = [state(NOW + 62 * SECOND), state(NOW, { run: 'run-2', instance: 'catalog-2' })]
  t.match(await collect(NOW + 2 * SECOND), {
    presences: [{ lastSeenAt: NOW + 2 * SECOND }, { lastSeenAt: NOW }]
  })
  t.comment('a new process of the same name')
  store.states.push(
    state(NOW + 4 * SECOND, { run: 'run-3', instance: 'catalog-2', startedAt: NOW + 3 * SECOND })
  )
  const reading = await collect(NOW + 4 * SECOND)
  t.match(reading?.presences.map(({ state: { run } }) => run), ['run-1', 'run-3'])
})
