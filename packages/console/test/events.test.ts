import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { sqliteStore } from '@weir/metrics/sqlite'
import { type InstanceState, memoryStore } from '@weir/metrics'
import { sql } from 'kysely'
import t, { type Test } from 'tap'
import { Collector } from '../src/collector/collector.js'
import { EventLog } from '../src/events/log.js'
import { type EventFilter, readEvents } from '../src/events/read.js'
import { prune } from '../src/history/prune.js'
import { database } from './support/database.js'
import { memoryLog } from './support/log.js'
import { state } from './support/records.js'
import { tempDir } from './support/temp-dir.js'

const NOW = Date.UTC(2026, 10, 20, 12, 34, 30)
const SECOND = 1000
const DAY = 86_400_000

async function setUp (t: Test) {
  const file = join(await tempDir(t), 'stats.db')
  const start = async () => {
    const db = await database(t, file)
    const log = new EventLog({ db, log: memoryLog().log })
    const read = (at: number, states: InstanceState[], isConnected?: boolean) =>
      log.update({ at, records: [], states, presences: [] }, isConnected, at)
    return { db, log, read }
  }
  const first = await start()
  /** Returns the kinds of all events, oldest first. */
  const kinds = async (filter: EventFilter = {}) =>
    (await readEvents(first.db, filter)).events.map(({ kind }) => kind).reverse()
  return { ...first, start, kinds }
}

t.test('an instance that starts, and ends in good order', async (t) => {
  const { read, kinds, db } = await setUp(t)
  t.match(await read(NOW, [state(NOW)]), [
    { kind: 'started', at: NOW - SECOND, service: 'catalog', instance: 'catalog-1' }
  ])
  t.same(await read(NOW + SECOND, [state(NOW + SECOND, { startedAt: NOW - SECOND })]), [])
  const endedAt = NOW + 2 * SECOND
  const ended = state(endedAt, { startedAt: NOW - SECOND, endedAt })
  t.match(await read(endedAt, [ended]), [{ kind: 'ended', at: endedAt, about: /^pid 4711/ }])
  for (let i = 3; i < 20; i++) t.same(await read(NOW + i * SECOND, [ended]), [], 'not killed')
  t.same(await kinds(), ['started', 'ended'])
  t.equal((await readEvents(db, {})).next, null)
})

t.test('an instance that is silent without having said that it ends', async (t) => {
  const { read, kinds, start } = await setUp(t)
  const startedAt = NOW - SECOND
  await read(NOW, [state(NOW)])
  for (let i = 1; i <= 5; i++) t.same(await read(NOW + i * SECOND, [state(NOW)]), [])
  t.match(await read(NOW + 6 * SECOND, [state(NOW)]), [{ kind: 'killed', at: NOW }])
  t.same(await read(NOW + 7 * SECOND, [state(NOW)]), [])

  t.comment('it was only frozen')
  const again = state(NOW + 8 * SECOND, { startedAt })
  t.match(await read(NOW + 8 * SECOND, [again]), [{ kind: 'returned', at: NOW + 8 * SECOND }])

  t.comment('and falls silent once more; a console that starts afterwards finds nothing new')
  for (let i = 9; i < 15; i++) await read(NOW + i * SECOND, [again])
  const other = await start()
  for (let i = 15; i < 30; i++) t.same(await other.read(NOW + i * SECOND, [again]), [])
  t.match(
    await other.read(NOW + 30 * SECOND, [state(NOW + 30 * SECOND, { startedAt })]),
    [{ kind: 'returned' }],
    'but knows that it was silent'
  )
  t.same(await kinds(), ['started', 'killed', 'returned', 'killed', 'returned'])
})

t.test('an outage of the store or of the console marks no instance as killed', async (t) => {
  const { read, log, kinds } = await setUp(t)
  await read(NOW, [state(NOW)])
  for (let i = 1; i < 10; i++) await log.update(undefined, undefined, NOW + i * SECOND)
  t.comment('instances tell again a moment after the store is back')
  t.same(await read(NOW + 10 * SECOND, [state(NOW)]), [])
  t.same(await read(NOW + 11 * SECOND, [state(NOW + 11 * SECOND)]), [])
  t.comment('the machine slept for an hour')
  t.same(await read(NOW + 3600 * SECOND, [state(NOW + 11 * SECOND)]), [])
  t.same(await kinds(), ['started'])
})

t.test('an instance that vanishes from the store is silent, too', async (t) => {
  const { read, kinds } = await setUp(t)
  await read(NOW, [state(NOW)])
  for (let i = 1; i < 10; i++) await read(NOW + i * SECOND, [])
  t.same(await kinds(), ['started', 'killed'])
})

t.test('what instances invalidate, and their breakers', async (t) => {
  const { read, db, kinds } = await setUp(t)
  const invalidations = [
    { at: NOW + 1, namespace: 'responses', tags: ['product:1', 'products'] },
    { at: NOW + 1, namespace: 'responses', tags: [] }
  ]
  const breakers = [
    { at: NOW + 2, name: 'redis', isOpen: true },
    { at: NOW + 3, name: 'redis', isOpen: false }
  ]
  await read(NOW, [state(NOW)])
  const told = await read(NOW + SECOND, [state(NOW + SECOND, { invalidations, breakers })])
  t.match(told, [
    { kind: 'invalidated', namespace: 'responses', tags: ['product:1', 'products'] },
    { kind: 'invalidated', tags: [] },
    { kind: 'breaker-opened', about: 'redis' },
    { kind: 'breaker-closed', about: 'redis' }
  ])
  t.same(await read(NOW + 2 * SECOND, [state(NOW + 2 * SECOND, { invalidations })]), [])
  const only = async (filter: EventFilter) => (await readEvents(db, filter)).events.length
  t.equal(await only({ tag: 'products' }), 1)
  t.equal(await only({ tag: 'product' }), 0, 'a tag is the whole of it')
  t.equal(await only({ kind: 'invalidated' }), 2)
  t.equal(await only({ service: 'catalog', instance: 'catalog-1' }), 5)
  t.equal(await only({ instance: 'catalog-2' }), 0)
  t.equal(await only({ from: NOW + 1, to: NOW + 3 }), 3)
  t.same(await kinds({ from: NOW + 3 }), ['breaker-closed'])
})

t.test('Redis that is lost and back: once, whichever process finds it', async (t) => {
  const { log, start, kinds } = await setUp(t)
  const other = await start()
  const find = async (seconds: number, isConnected: boolean | undefined) => {
    const now = NOW + seconds * SECOND
    return [
      (await log.update(undefined, isConnected, now)).length,
      (await other.log.update(undefined, isConnected, now + 1)).length
    ]
  }
  t.same(await find(0, undefined), [0, 0], 'no reading yet')
  t.same(await find(1, true), [0, 0], 'it was always there')
  t.same(await find(2, false), [1, 1], 'each tells it to those who watch')
  t.same(await find(3, false), [0, 0])
  t.same(await find(4, true), [1, 1])
  t.same(await find(5, false), [1, 1])
  t.same(await kinds(), ['redis-lost', 'redis-back', 'redis-lost'])

  t.comment('it came back while no console was there')
  const later = await start()
  t.match(await later.log.update(undefined, true, NOW + 60 * SECOND), [{ kind: 'redis-back' }])
})

t.test('what cannot be written is written later', async (t) => {
  const { read, db, kinds } = await setUp(t)
  await sql`create trigger refuse before insert on events begin select raise(abort, 'no'); end`
    .execute(db)
  t.same(await read(NOW, [state(NOW)], false), [])
  await sql`drop trigger refuse`.execute(db)
  await read(NOW + SECOND, [state(NOW + SECOND, { startedAt: NOW - SECOND })], false)
  t.same(await kinds(), ['started', 'redis-lost'])
})

t.test('pages, and how much is kept', async (t) => {
  const { read, db } = await setUp(t)
  const ages = Array.from({ length: 25_000 }, (_, i) => i)
  const invalidations = ages.map((age) => ({ at: NOW - age, namespace: 'n', tags: [] })).reverse()
  for (let i = 0; i < invalidations.length; i += 2000) {
    await read(NOW, [state(NOW, { invalidations: invalidations.slice(i, i + 2000) })])
  }
  await prune(db, NOW)
  const seen: number[] = []
  let cursor: string | null = null
  do {
    const page: Awaited<ReturnType<typeof readEvents>> = await readEvents(db, {
      kind: 'invalidated',
      ...(cursor !== null && { cursor })
    })
    seen.push(...page.events.map(({ at }) => at))
    cursor = page.next
  } while (cursor !== null)
  t.equal(seen[0], NOW)
  t.equal(new Set(seen).size, seen.length, 'none twice')
  t.ok(seen.length >= 19_000 && seen.length <= 20_000, `${seen.length} are kept`)
  await prune(db, NOW + 31 * DAY)
  t.same((await readEvents(db, {})).events, [])
})

t.test('a process that is killed, and one that ends', async (t) => {
  const file = join(await tempDir(t), 'metrics.db')
  const store = sqliteStore({ file })
  t.teardown(() => store.close())
  const { log, db, kinds } = await setUp(t)
  const collector = new Collector({ store, db, log: memoryLog().log })
  const program = fileURLToPath(new URL('./support/told-instance.js', import.meta.url))
  const begin = async (instance: string) => {
    const child = fork(program, [file, instance])
    await once(child, 'message')
    return child
  }
  const [killed, ended] = await Promise.all([begin('catalog-1'), begin('catalog-2')])
  const wall = Date.now()
  let now = wall
  /** Reads once per second of a simulated clock. */
  const pass = async (seconds: number) => {
    for (let i = 0; i < seconds; i++) {
      now += SECOND
      await log.update(await collector.collect(now), undefined, now)
      await collector.settled()
    }
  }
  await pass(1)
  killed.kill('SIGKILL')
  ended.send('end')
  await Promise.all([once(killed, 'exit'), once(ended, 'exit')])
  await pass(7)
  t.same(await kinds({ instance: 'catalog-1' }), ['started', 'killed'])
  t.same(await kinds({ instance: 'catalog-2' }), ['started', 'ended'])
})

t.test('viewers see no secrets of URLs that were invalidated', async (t) => {
  const { db } = await setUp(t)
  const store = memoryStore()
  const now = Date.now()
  const key = (secret: string) => `weir:uri:http://shop.test/p/9?size=2&token=${secret}`
  await store.write(state(now, {
    invalidations: [{ at: now, namespace: 'n', tags: [key('SECRET'), 'product:9'] }]
  }), [])
  const collector = new Collector({ store, db, log: memoryLog().log })
  const reading = await collector.collect(now)
  t.match(reading?.states, [{ invalidations: [{ tags: [key('[redacted]'), 'product:9'] }] }])
  t.strictSame(collector.states, reading?.states)
  await collector.stop()
})
