import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { sql } from 'kysely'
import t from 'tap'
import { writing } from '../src/db/open.js'
import { figuresOf } from '../src/figures.js'
import { prune } from '../src/history/prune.js'
import { rangeOf } from '../src/history/range.js'
import {
  readCaches,
  readClients,
  readInstances,
  readPolicies,
  readRoutes,
  readTotal
} from '../src/history/read.js'
import { writeRecords } from '../src/history/write.js'
import { database, totals } from './support/database.js'
import { record, series } from './support/records.js'
import { tempDir } from './support/temp-dir.js'

// An arbitrary day at 12:34:30.
const NOW = Date.UTC(2026, 10, 20, 12, 34, 30)
const MINUTE = Math.floor(NOW / 60_000)
const ten = { minutes: { l1: 10 }, hours: { l1: 10 } }

t.test('a record counts once, however often it is told', async (t) => {
  const db = await database(t)
  const told = [record(MINUTE, 3, { l1: series(10) })]
  await writeRecords(db, told, NOW)
  await writeRecords(db, told, NOW)
  t.same(await totals(db), ten)
})

t.test('a later version replaces an earlier one, not the other way round', async (t) => {
  const db = await database(t)
  const earlier = record(MINUTE, 1, { l1: series(4, { bytes: 40, shared: 1, ms: 3 }) })
  const later = series(10, { bytes: 100, shared: 2, notModified: 5, savedMicros: 7000, ms: 3 })
  await writeRecords(db, [earlier], NOW)
  await writeRecords(db, [record(MINUTE, 2, { l1: later, miss: series(1) })], NOW)
  await writeRecords(db, [earlier], NOW)
  t.same(await totals(db), { minutes: { l1: 10, miss: 1 }, hours: { l1: 10, miss: 1 } })
  const { l1 } = await readTotal(db, rangeOf({}, NOW).parts)
  t.same(l1, later)
})

t.test('both versions at once are the later one', async (t) => {
  const db = await database(t)
  await writeRecords(
    db,
    [record(MINUTE, 2, { l1: series(10) }), record(MINUTE, 1, { l1: series(4) })],
    NOW
  )
  t.same(await totals(db), ten)
})

t.test('processes add up, also those of one name', async (t) => {
  const db = await database(t)
  await writeRecords(db, [
    record(MINUTE, 1, { l1: series(10) }, { filledBy: { 'catalog-2': 4 } }),
    record(MINUTE, 1, { l1: series(5) }, { run: 'run-2', filledBy: { 'catalog-2': 1 } }),
    record(MINUTE, 1, { miss: series(2) }, { run: 'run-3', instance: 'catalog-2' })
  ], NOW)
  t.match(await readInstances(db, rangeOf({}, NOW).parts), [
    { instance: 'catalog-1', outcomes: { l1: { count: 15 } }, filledBy: { 'catalog-2': 5 } },
    { instance: 'catalog-2', outcomes: { miss: { count: 2 } }, filledBy: {} }
  ])
})

t.test('reasons and denials grow with the record', async (t) => {
  const db = await database(t)
  const told = (seq: number, count: number) =>
    record(
      MINUTE,
      seq,
      {},
      {
        routes: [
          {
            route: 'GET /a',
            outcomes: { bypass: series(count) },
            reasons: { PRIVATE: count, ...(seq > 1 && { SET_COOKIE: 1 }) }
          }
        ],
        denials: [
          { route: 'GET /a', policy: 'reads', client: 'user:alice', count },
          { route: 'GET /a', policy: 'reads', client: 'others', count: 1 }
        ]
      }
    )
  await writeRecords(db, [told(1, 3)], NOW)
  await writeRecords(db, [told(2, 5)], NOW)
  const { parts } = rangeOf({}, NOW)
  t.match(await readRoutes(db, parts), [
    { route: 'GET /a', reasons: { PRIVATE: 5, SET_COOKIE: 1 }, outcomes: { bypass: { count: 5 } } }
  ])
  t.same(await readPolicies(db, parts), [{ service: 'catalog', policy: 'reads', denied: 6 }])
  t.same(await readClients(db, parts, 1), [
    { client: 'user:alice', service: 'catalog', policy: 'reads', route: 'GET /a', denied: 5 }
  ])
})

t.test('reads of caches grow with the record, and processes add up', async (t) => {
  const db = await database(t)
  const none = { l1: 0, l2: 0, coalesced: 0, stale: 0, misses: 0, savedMicros: 0 }
  const told = (seq: number, l1: number, run = 'run-1') =>
    record(
      MINUTE,
      seq,
      {},
      { run, caches: [{ ...none, cache: 'fragments', l1, savedMicros: 10 * l1 }] }
    )
  for (const records of [
    [told(1, 3)],
    [told(1, 3)],
    [told(2, 5)],
    [told(1, 3), told(1, 2, 'run-2')],
    [record(MINUTE, 3, {})]
  ]) { await writeRecords(db, records, NOW) }
  t.strictSame(await readCaches(db, rangeOf({}, NOW).parts), [
    { ...none, service: 'catalog', cache: 'fragments', l1: 7, savedMicros: 70 }
  ])
})

t.test('a process that dies before it commits has counted nothing', async (t) => {
  const file = join(await tempDir(t), 'stats.db')
  const db = await database(t, file)
  const told = [record(MINUTE, 3, { l1: series(10) })]
  const child = fork(fileURLToPath(new URL('support/dying-writer.js', import.meta.url)), [file], {
    execArgv: []
  })
  t.teardown(() => child.kill('SIGKILL'))
  const added = once(child, 'message')
  child.send(told)
  t.equal((await added)[0], 'added')
  t.same(await totals(db), { minutes: {}, hours: {} })
  await t.rejects(
    writing(db, () => Promise.resolve()),
    { code: 'SQLITE_BUSY' },
    'it holds the lock'
  )
  const exit = once(child, 'exit')
  child.kill('SIGKILL')
  await exit

  await writeRecords(db, told, NOW)
  t.same(await totals(db), ten)
})

t.test(
  'what cannot be written whole is not written at all, and counts once when it can',
  async (t) => {
    const db = await database(t)
    await writeRecords(db, [record(MINUTE, 1, { l1: series(4) })], NOW)
    await sql`create trigger refuse before insert on reasons begin select raise(abort, 'no'); end`.execute(
      db
    )
    const told = record(
      MINUTE,
      2,
      {},
      {
        routes: [
          { route: 'GET /api/products', outcomes: { l1: series(10) }, reasons: { PRIVATE: 1 } }
        ]
      }
    )
    await t.rejects(writeRecords(db, [told], NOW), { message: 'no' })
    t.same(await totals(db), { minutes: { l1: 4 }, hours: { l1: 4 } })
    await sql`drop trigger refuse`.execute(db)
    await writeRecords(db, [told], NOW)
    t.same(await totals(db), ten)
  }
)

t.test(
  'many records are written in several transactions, and may be stopped between two',
  async (t) => {
    const db = await database(t)
    const told = Array.from({ length: 70 }, (_, i) => record(MINUTE - i, 1, { l1: series(1) }))
    await t.rejects(writeRecords(db, told, NOW, AbortSignal.abort()), { name: 'AbortError' })
    t.same(await totals(db), { minutes: {}, hours: {} })
    await writeRecords(db, told, NOW)
    t.same(await totals(db), { minutes: { l1: 70 }, hours: { l1: 70 } })
  }
)

t.test('what is told of days ago, or of the future, does not count', async (t) => {
  const db = await database(t)
  const [old, ahead] = [MINUTE - 25 * 60, MINUTE + 60]
  const told = [
    record(old, 1, { l1: series(1) }),
    record(ahead, 1, { l1: series(1) }),
    record(old + 1, 1, { l1: series(10) })
  ]
  await writeRecords(db, told, NOW)
  t.same(await totals(db), ten)
})

t.test(
  'minutes are kept for two days, hours for 400, and nothing is counted twice after that',
  async (t) => {
    const db = await database(t)
    const told = [
      record(
        MINUTE,
        1,
        { l1: series(10) },
        { denials: [{ route: 'r', policy: 'p', client: 'c', count: 1 }] }
      )
    ]
    await writeRecords(db, told, NOW)
    const later = (days: number) => NOW + days * 86_400_000
    await prune(db, later(2))
    t.same(await totals(db), ten)
    await writeRecords(db, told, later(2))
    await prune(db, later(2) + 60_000)
    t.same(await totals(db), { minutes: {}, hours: { l1: 10 } })
    await prune(db, later(400))
    t.same(await totals(db), { minutes: {}, hours: {} }, 'the hour began earlier')
    for (const table of [
      'records',
      'routeCounts',
      'instanceCounts',
      'reasons',
      'fills',
      'denials'
    ] as const) {
      t.same(await db.selectFrom(table).selectAll().execute(), [], table)
    }
  }
)

t.test('clients beyond a bound are told of as one', async (t) => {
  const db = await database(t)
  const from = (first: number, count: number) => Array.from({ length: count }, (_, i) =>
    ({ route: 'GET /a', policy: 'reads', client: `address:10.${first + i}.0.0/24`, count: 2 }))
  await writeRecords(db, [record(MINUTE, 1, {}, { denials: from(0, 150) })], NOW)
  await writeRecords(
    db,
    [record(MINUTE, 2, {}, { denials: [...from(0, 150), ...from(150, 100)] })],
    NOW
  )
  const { parts } = rangeOf({}, NOW)
  t.same(await readPolicies(db, parts), [{ service: 'catalog', policy: 'reads', denied: 500 }])
  const clients = await readClients(db, parts, 1000)
  t.equal(clients.length, 201)
  t.match(clients[0], { client: 'others', denied: 100 })
})

t.test('a range is the same by minutes and by hours', async (t) => {
  const db = await database(t)
  // A different value each minute, for five hours.
  await writeRecords(
    db,
    Array.from({ length: 300 }, (_, i) => record(MINUTE - i, 1, { l1: series(i + 1) })),
    NOW
  )
  const at = (minutes: number) => (MINUTE - minutes) * 60_000
  for (const [from, to] of [
    [299, 0],
    [250, 10],
    [34, 0],
    [90, 31],
    [94, 34],
    [154, 94],
    [1, 0]
  ] as const) {
    const { parts } = rangeOf({ from: at(from), to: at(to) }, NOW)
    const expected = Array.from({ length: from - to }, (_, i) => to + i + 2).reduce(
      (sum, count) => sum + count,
      0
    )
    t.equal(
      figuresOf(await readTotal(db, parts)).requests,
      expected,
      `${from} to ${to} minutes ago: ${JSON.stringify(parts)}`
    )
  }
})
