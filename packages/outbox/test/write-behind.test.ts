import { mock } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { runInNewContext } from 'node:vm'
import { createCache } from '@weir/cache'
import { memoryStore } from '@weir/cache/memory'
import Database from 'better-sqlite3'
import { Kysely, SqliteDialect, type Transaction } from 'kysely'
import t, { type Test } from 'tap'
import { createOutbox, outboxMigration, OutboxError, type OutboxSchema } from '../src/index.js'
import {
  type Write,
  writeBehind,
  writeBehindMigration,
  type WriteBehindOptions,
  type WriteBehindSchema
} from '../src/write-behind/index.js'
import { record } from './events.js'
import { gate } from './gate.js'

interface Schema extends OutboxSchema, WriteBehindSchema {
  counts: { key: string, n: number }
}

type Options<V> = Partial<WriteBehindOptions<Schema, V>>

/** A database with a cache, and instances of a write-behind on it, whose destination is a map. */
async function setUp (t: Test) {
  const file = `${t.testdir()}/service.db`
  const open = () => {
    const db = new Kysely<Schema>({ dialect: new SqliteDialect({ database: new Database(file) }) })
    t.teardown(() => db.destroy())
    return db
  }
  const db = open()
  await outboxMigration.up(db)
  await writeBehindMigration.up(db)
  await db.schema
    .createTable('counts')
    .addColumn('key', 'text', (column) => column.primaryKey())
    .addColumn('n', 'integer')
    .execute()
  const store = memoryStore()
  const cache = createCache<unknown>({ store, namespace: 'n' })
  const outbox = createOutbox({ db, invalidate: (tags) => cache.invalidate(tags) })
  const written: Write<unknown>[][] = []
  const destination = new Map<string, unknown>()
  const write = async (writes: readonly Write<unknown>[]) => {
    written.push([...writes])
    for (const { key, value } of writes) destination.set(key, value)
  }
  const instance = <V = unknown>(options: Options<V> = {}) => {
    const ways = options.writeInTransaction === undefined ? { write } : {}
    return writeBehind<V, Schema>({ db, outbox, name: 'q', ...ways, ...options })
  }
  return { db, open, cache, outbox, written, destination, instance, clock: stopClocks(t) }
}

/** Stops `Date`, `performance.now()` and `setTimeout`; the test moves them. */
function stopClocks (t: Test) {
  let now = 1_000_000
  const reading = mock.method(performance, 'now', () => now)
  mock.timers.enable({ apis: ['Date', 'setTimeout'], now: Date.UTC(2100, 0, 1) })
  t.teardown(() => {
    mock.timers.reset()
    reading.mock.restore()
  })
  return {
    async advance (ms: number, step = 100) {
      for (let left = ms; left > 0; left -= step) {
        now += Math.min(step, left)
        mock.timers.tick(Math.min(step, left))
        for (let i = 0; i < 3; i++) await setImmediate()
      }
    }
  }
}

const down = async () => { throw new Error('down') }

t.test(
  'acknowledged at once, written later: the latest value of each key, in one batch',
  async (t) => {
    const { instance, written, clock } = await setUp(t)
    const queue = instance()
    await queue.start()
    for (let i = 0; i < 10; i++) t.equal(await queue.put(`key-${i % 3}`, i), 'delivered')
    t.equal(await queue.pending(), 3)
    t.strictSame(written, [])
    await clock.advance(1000)
    t.strictSame(
      written.map((writes) => writes.map(({ key, value }) => [key, value]).sort()),
      [
        [
          ['key-0', 9],
          ['key-1', 7],
          ['key-2', 8]
        ]
      ]
    )
    t.equal(await queue.pending(), 0)
    t.equal(await queue.stop(), 0)
  }
)

t.test('readers of the cache see the newest acknowledged value, wherever it is', async (t) => {
  const { instance, cache, destination, clock, outbox } = await setUp(t)
  const entered = gate()
  const held = gate()
  let isHeld = false
  const queue = instance({
    tags: (_, key) => [`list of ${key}`],
    async write (writes) {
      entered.open()
      if (isHeld) await held.opened
      for (const { key, value } of writes) destination.set(key, value)
    }
  })
  const read = () =>
    cache.remember('a', { ttl: '1h' }, () => queue.read('a', async () => destination.get('a')))
  destination.set('a', 'old')
  t.equal(await read(), 'old')
  await cache.set('list', 'of old', { ttl: '1h', tags: ['list of a'] })
  await queue.put('a', 'new')
  t.equal(await read(), 'new', 'while it waits')
  t.equal(await cache.get('list'), undefined)
  isHeld = true
  const started = queue.start()
  await entered.opened
  await cache.clear()
  t.equal(await read(), 'new', 'while it is in flight')
  await queue.put('a', 'newer')
  t.equal(await read(), 'newer', 'while another waits behind it')
  t.equal(destination.get('a'), 'old')
  isHeld = false
  held.open()
  await started
  await clock.advance(2000)
  t.equal(destination.get('a'), 'newer')
  await cache.clear()
  t.equal(await read(), 'newer', 'when it is written')
  t.equal(await outbox.pending(), 0)
  await queue.stop()
})

t.test(
  'merged: waiting values become one, the one in flight is unchanged, readers see both',
  async (t) => {
    const { instance, written, clock, cache } = await setUp(t)
    const held = gate()
    let total = 100
    const queue = instance<number>({
      merge: (earlier, later) => earlier + later,
      async write (writes) {
        written.push([...writes])
        await held.opened
        for (const { value } of writes) total += value
      }
    })
    const read = () => cache.remember('a', { ttl: '1h' }, () => queue.read('a', async () => total))
    await queue.put('a', 1)
    await queue.put('a', 2)
    t.equal(await read(), 103)
    const started = queue.start()
    while (written.length === 0) await setImmediate()
    await queue.put('a', 10)
    await queue.put('a', 20)
    t.equal(await read(), 133)
    held.open()
    await started
    await clock.advance(2000)
    t.strictSame(
      written.map(([write]) => write?.value),
      [3, 30]
    )
    t.ok((written[1]?.[0]?.sequence ?? 0) > (written[0]?.[0]?.sequence ?? 0))
    t.equal(total, 133)
    t.equal(await read(), 133)
    await queue.stop()
  }
)

t.test(
  'a failed write is repeated unchanged, with growing delays; the rest of its batch continues without it',
  async (t) => {
    const { instance, written, clock } = await setUp(t)
    let poison: unknown = 'bad'
    const failures = record(t, 'weir:outbox:unwritten')
    const done = record(t, 'weir:outbox:written')
    const queue = instance({
      async write (writes) {
        written.push([...writes])
        if (writes.some(({ value }) => value === poison)) throw new Error('refused')
      }
    })
    for (const value of ['a', 'bad', 'c']) await queue.put(value, value)
    await queue.start()
    t.equal(await queue.pending(), 1)
    t.equal(written.length, 4, 'together, then one by one')
    t.equal(
      done.reduce((sum, { keys }) => sum + keys, 0),
      2
    )
    await queue.put('bad', 'good')
    const before = written.length
    await clock.advance(5000)
    const repeats = written.slice(before).flat()
    t.ok(
      repeats.length >= 2 && repeats.every(({ value }) => value === 'bad'),
      'the later value waits behind it'
    )
    t.equal(new Set(repeats.map(({ sequence }) => sequence)).size, 1, 'one sequence')
    t.ok(failures.length > 2)
    poison = undefined
    await clock.advance(20_000)
    t.strictSame(
      written
        .flat()
        .slice(-2)
        .map(({ value }) => value),
      ['bad', 'good']
    )
    t.equal(await queue.pending(), 0)
    await queue.stop()
  }
)

t.test(
  'given up: unwritable values at once, repeatedly rejected ones while others are accepted',
  async (t) => {
    const { instance, clock, cache, destination } = await setUp(t)
    const dead = record(t, 'weir:outbox:dead')
    const queue = instance<string>({
      maxAttempts: 3,
      async write (writes) {
        for (const { key, value } of writes) {
          if (value === 'unwritable') throw new OutboxError('WEIR_OUTBOX_UNWRITABLE', key)
          if (value === 'refused') throw new Error('refused')
          destination.set(key, value)
        }
      }
    })
    await queue.put('u', 'unwritable')
    await queue.put('r', 'refused')
    const read = () =>
      cache.remember('r', { ttl: '1h' }, () => queue.read('r', async () => 'of the destination'))
    t.equal(await read(), 'refused')
    await queue.start()
    t.match(dead, [{ queue: 'q', key: 'u' }])
    await clock.advance(30_000)
    t.equal(dead.length, 1, 'a destination that accepts nothing is considered down')
    await queue.put('other', 'fine')
    for (let i = 0; i < 120 && dead.length === 1; i++) {
      await queue.put('other', `fine ${i}`)
      await clock.advance(1000)
    }
    t.match(dead, [{ key: 'u' }, { key: 'r', error: { message: 'refused' } }])
    t.equal(await read(), 'of the destination', 'readers do not see it any more')
    const letters = await queue.dead()
    t.match(letters, [
      { key: 'u', value: 'unwritable', attempts: 1 },
      { key: 'r', value: 'refused', error: 'refused' }
    ])
    await queue.discard(letters.slice(0, 1))
    t.match(await queue.dead(), [{ key: 'r' }])
    await queue.stop()
  }
)

t.test(
  'given up by the error\'s code, whatever its class; a write that returns no promise has written',
  async (t) => {
    const { instance, destination } = await setUp(t)
    const dead = record(t, 'weir:outbox:dead')
    for (const code of ['WEIR_OUTBOX_UNWRITABLE', 'OTHER']) {
      const queue = instance({
        name: code,
        write: async () => {
          throw Object.assign(new Error('no such thing'), { code })
        }
      })
      await queue.put('a', 1)
      await queue.start()
      await queue.stop()
    }
    t.match(dead, [
      { queue: 'WEIR_OUTBOX_UNWRITABLE', key: 'a', error: { message: 'no such thing' } }
    ])

    let calls = 0
    const ways: Options<unknown>[] = [
      {
        name: 'plain',
        write: (() => {
          calls++
        }) as never
      },
      {
        name: 'trx',
        writeInTransaction: (() => {
          calls++
        }) as never
      },
      {
        name: 'thenable',
        write: (() => ({
          then: (done: () => void) => {
            calls++
            done()
          }
        })) as never
      }
    ]
    for (const way of ways) {
      const queue = instance(way)
      await queue.put('a', 1)
      await queue.start()
      t.equal(await queue.pending(), 0)
      await queue.stop()
    }
    t.equal(calls, 3)
    t.equal(destination.size, 0)
  }
)

t.test('a destination that is down is not asked write by write, and loses nothing', async (t) => {
  const { instance, clock, written, destination } = await setUp(t)
  let calls = 0
  let isDown = true
  const queue = instance({
    maxAttempts: 1,
    async write (writes) {
      calls++
      if (isDown) return down()
      for (const { key, value } of writes) destination.set(key, value)
    }
  })
  for (let i = 0; i < 250; i++) await queue.put(`${i}`, i)
  await queue.start()
  await clock.advance(600_000, 1000)
  t.ok(calls < 100, `${calls} calls in ten minutes`)
  t.equal(await queue.pending(), 250)
  t.strictSame(await queue.dead(), [])
  isDown = false
  await clock.advance(300_000, 1000)
  t.equal(destination.size, 250)
  t.equal(await queue.pending(), 0)
  t.strictSame(written, [])
  await queue.stop()
})

t.test(
  'limited: other keys are rejected while too many wait, and leave nothing behind',
  async (t) => {
    const { instance, clock, outbox } = await setUp(t)
    const queue = instance({ maxPending: 3 })
    for (const key of ['a', 'b', 'c', 'a']) await queue.put(key, 1)
    await t.rejects(queue.put('d', 1), { code: 'WEIR_OUTBOX_FULL', message: /q: 3 keys/ })
    await queue.put('b', 2)
    t.equal(await queue.pending(), 3)
    t.equal(await outbox.pending(), 0)
    await queue.start()
    await clock.advance(1000)
    await queue.put('d', 1)
    await queue.stop()
  }
)

t.test('stop writes everything that is due, within its limit, and another instance continues', async (t) => {
  const { instance, destination, clock } = await setUp(t)
  const never = gate()
  const stuck = instance({ write: () => never.opened })
  const queue = instance()
  await queue.put('a', 1)
  t.equal(await queue.stop(), 0)
  t.equal(destination.get('a'), 1, 'whether it was started or not')
  await queue.put('b', 2)
  const stopped = stuck.stop({ timeout: 500 })
  await clock.advance(600)
  t.equal(await stopped, 1)
  t.throws(() => stuck.start(), { code: 'WEIR_OUTBOX_STOPPED' })
  const other = instance()
  await other.start()
  t.equal(destination.get('b'), 2, 'at once: it was let go of')
  await other.stop()
})

t.test(
  'a late destination: the write counts as failed and is retried; one instance at a time owns it',
  async (t) => {
    const { instance, clock, written, open } = await setUp(t)
    const signals: AbortSignal[] = []
    const dies = instance({
      async write (writes, { signal }) {
        if (signals.push(signal) === 1) await new Promise(() => {})
        written.push([...writes])
      }
    })
    await dies.put('a', 1)
    dies.start().catch(() => {})
    const other = instance({ db: open() })
    await other.start()
    for (let i = 0; i < 5; i++) await clock.advance(1000)
    t.strictSame(written, [], 'it is under way elsewhere')
    await clock.advance(8000)
    t.strictSame(
      written.flat().map(({ value }) => value),
      [1],
      'let go of when it was late'
    )
    await Promise.all([other.stop(), dies.stop()])
  }
)

t.test(
  'taken over from an instance that is gone, after two timeouts without a change',
  async (t) => {
    const { instance, clock, written, db } = await setUp(t)
    const queue = instance({ writeTimeout: 5000 })
    await queue.put('a', 1)
    await db
      .updateTable('weir_writes')
      .set((eb) => ({ taken: eb.ref('next'), next: null, sequence: 7, owner: 'gone' }))
      .execute()
    await queue.put('a', 2)
    await queue.start()
    await clock.advance(9000)
    t.strictSame(written, [])
    await clock.advance(4000)
    t.strictSame(
      written.flat().map(({ value }) => value),
      [1, 2]
    )
    t.equal(written[0]?.[0]?.sequence, 7, 'by the sequence that it had')
    await queue.stop()
  }
)

t.test('in one transaction: the write and its removal, or neither', async (t) => {
  const { instance, clock, db } = await setUp(t)
  let fails = true
  const queue = instance<number>({
    merge: (earlier, later) => earlier + later,
    async writeInTransaction (trx: Transaction<Schema>, writes) {
      for (const { key, value } of writes) {
        await trx
          .insertInto('counts')
          .values({ key, n: value })
          .onConflict((conflict) =>
            conflict.column('key').doUpdateSet((eb) => ({ n: eb('counts.n', '+', value) }))
          )
          .execute()
      }
      if (fails) throw new Error('no')
    }
  })
  for (let i = 1; i <= 10; i++) await queue.put(`${i % 2}`, i)
  await queue.start()
  t.strictSame(await db.selectFrom('counts').selectAll().execute(), [])
  fails = false
  await clock.advance(5000)
  t.strictSame(await db.selectFrom('counts').selectAll().orderBy('key').execute(), [
    { key: '0', n: 30 },
    { key: '1', n: 25 }
  ])
  t.equal(await queue.read('0', async () => 30), 30)
  await queue.stop()
})

t.test('invalid options fail at once', async (t) => {
  const { instance } = await setUp(t)
  const wrong: Options<unknown>[] = [
    { name: '' },
    { name: 'x'.repeat(101) },
    { write: undefined } as never,
    { writeInTransaction: async () => {}, write: async () => {} },
    { pollIntervall: 5 } as never,
    { db: undefined } as never,
    { outbox: {} } as never,
    { tags: 'a' } as never,
    { pollInterval: 0 },
    { writeTimeout: NaN },
    { maxPending: 0 },
    { maxAttempts: 1.5 },
    { batchSize: 501 },
    { batchSize: 0 }
  ]
  for (const options of wrong) {
    t.throws(
      () => instance(options),
      { code: 'WEIR_OUTBOX_INVALID_OPTION' },
      JSON.stringify(options)
    )
  }
  const queue = instance()
  const circle: unknown[] = []
  circle.push(circle)
  const sparse = () => Object.assign(new Array<number>(2), { 1: 1 })
  const leaves: unknown[] = [
    undefined,
    NaN,
    Infinity,
    -0,
    1n,
    Symbol('x'),
    () => 1,
    new Date(),
    new Map(),
    new (class A {
      a = 1
    })(),
    Object.create(null),
    new Proxy({}, {}),
    new Uint8Array(1),
    new (class B extends Array {})(),
    circle,
    { toJSON: () => 1 },
    { [Symbol('x')]: 1 },
    Object.defineProperty({}, 'hidden', { value: 1 }),
    Object.defineProperty({}, 'toJSON', { value: () => 1 }),
    Object.assign([1], { toJSON: () => 2 }),
    Object.assign([1], { more: 2 }),
    Object.assign([1], { [Symbol('x')]: 2 }),
    sparse(),
    new Array(1),
    Object.defineProperty([1], 'toJSON', { value: () => 2 }),
    Object.assign(sparse(), { more: 2 })
  ]
  const around: ((value: unknown) => unknown)[] = [
    (value) => value,
    (value) => [value],
    (value) => ({ a: value }),
    (value) => [{ a: [1, value] }]
  ]
  for (const leaf of leaves) {
    for (const [at, wrap] of around.entries()) {
      const message = at === 3 ? /\[0\]\.a\[1\]/ : /is not JSON data/
      await t.rejects(queue.put('a', wrap(leaf)), { code: 'WEIR_OUTBOX_INVALID_VALUE', message })
    }
  }
  t.equal(await queue.pending(), 0)
  for (const tags of [
    () => 'abc' as never,
    () => [''],
    () => [1] as never,
    () => undefined as never
  ]) {
    await t.rejects(instance({ tags }).put('a', 1), { code: 'WEIR_OUTBOX_INVALID_TAG' })
  }
  t.equal(await queue.pending(), 0)
  for (const key of ['', '\ud800']) {
    await t.rejects(queue.put(key, 1), { code: 'WEIR_OUTBOX_INVALID_KEY' })
    await t.rejects(queue.read(key, async () => 1), { code: 'WEIR_OUTBOX_INVALID_KEY' })
  }
  await queue.put('realm', runInNewContext('({ a: [1] })'))
  t.strictSame(await queue.read('realm', async () => 'none'), { a: [1] })
  const twice = { x: 1 }
  for (const value of [
    '\u0000\ud800',
    null,
    JSON.parse('{"__proto__":{"a":1},"":[]}') as unknown,
    [twice, twice],
    { a: [1, { b: '"' }] },
    ''
  ]) {
    await queue.put('key \u0000', value)
    t.strictSame(await queue.read('key \u0000', async () => 'none'), value)
  }
})
