import { setImmediate } from 'node:timers/promises'
import { createCache, keyTag as tagOfKey } from '@weir/cache'
import { guardedStore } from '@weir/cache/guarded'
import { memoryStore } from '@weir/cache/memory'
import { Random } from '@weir/internal/testing'
import t, { type Test } from 'tap'
import { createOutbox, type Ticket } from '../src/index.js'
import { keyTag } from '../src/key-tag.js'
import { writeThrough } from '../src/write-through.js'
import { newFile } from './database.js'
import { record } from './events.js'
import { type Gate, gate } from './gate.js'

/** A service with one product, and a cache named after it. */
async function setUp (t: Test) {
  const { file, connect } = await newFile(t)
  const db = connect()
  await db.insertInto('products').values({ id: 1, name: 'old' }).execute()
  const cache = createCache<string>({ store: memoryStore(), namespace: 'n' })
  const outbox = createOutbox({ db, invalidate: (tags) => cache.invalidate(tags) })
  const read = async () =>
    (await db.selectFrom('products').select('name').where('id', '=', 1).executeTakeFirstOrThrow())
      .name
  const parts = {
    db,
    outbox,
    cache,
    ttl: '1m' as const,
    key: () => '1',
    tags: () => ['product:1'],
    write: async (trx: Pick<typeof db, 'updateTable'>, name: string) => {
      await trx.updateTable('products').set({ name }).where('id', '=', 1).execute()
      return { name }
    },
    read
  }
  return {
    db,
    file,
    cache,
    outbox,
    read,
    parts,
    remember: () => cache.remember('1', { ttl: '1m' }, read)
  }
}

t.test('the tag of a key is that of @weir/cache', async (t) => {
  for (const key of ['1', 'a:b', '\u0000', 'ä']) t.equal(keyTag(key), tagOfKey(key))
})

t.test(
  'database and cache are written in one step: the next read is a hit, with the new value',
  async (t) => {
    const { cache, outbox, parts, remember, db } = await setUp(t)
    const save = writeThrough(parts)
    t.equal(await remember(), 'old')
    await cache.set('list', 'of old', { ttl: '1m', tags: ['product:1'] })
    t.strictSame(await save('new'), { value: { name: 'new' }, outcome: 'delivered' })
    const { misses } = cache.stats()
    t.equal(await cache.get('1'), 'new')
    t.equal(cache.stats().misses, misses)
    t.equal(await cache.get('list'), undefined, 'values with its tags end')
    t.equal(await outbox.pending(), 0)

    await cache.invalidate(['product:1'])
    t.equal(await cache.get('1'), undefined, 'the value has the tags')
    t.strictSame(await db.selectFrom('products').select('name').execute(), [{ name: 'new' }])
  }
)

t.test('a rollback changes nothing', async (t) => {
  const { cache, outbox, parts, read, remember } = await setUp(t)
  t.equal(await remember(), 'old')
  const { invalidations, stores } = cache.stats()
  const failures = {
    write: {
      ...parts,
      write: async (trx: Parameters<typeof parts.write>[0], name: string) => {
        await parts.write(trx, name)
        throw new Error('no')
      }
    },
    key: { ...parts, key: () => { throw new Error('no') } },
    tags: { ...parts, tags: () => { throw new Error('no') } }
  }
  for (const broken of Object.values(failures)) {
    await t.rejects(writeThrough(broken)('new'), { message: 'no' })
  }
  for (const tags of [
    () => [''],
    () => 'abc' as never,
    () => undefined as never,
    () => [1] as never
  ]) {
    await t.rejects(writeThrough({ ...parts, tags })('new'), { code: 'WEIR_OUTBOX_INVALID_TAG' })
  }
  t.equal(await read(), 'old')
  t.equal(await cache.get('1'), 'old')
  t.equal(await outbox.pending(), 0)
  t.match(cache.stats(), { invalidations, stores })
  for (const key of ['', '\ud800', undefined as never]) {
    await t.rejects(writeThrough({ ...parts, key: () => key })('new'), {
      code: 'WEIR_OUTBOX_INVALID_KEY'
    })
  }
  t.equal(await read(), 'old')
  t.equal(await outbox.pending(), 0)
})

t.test('invalid options are rejected by name, when it is created', async (t) => {
  const { parts } = await setUp(t)
  const wrong: Record<string, unknown>[] = [
    ...['db', 'outbox', 'cache'].flatMap((name) =>
      [undefined, null, {}, 'x'].map((value) => ({ [name]: value }))
    ),
    ...['key', 'write', 'read'].flatMap((name) =>
      [undefined, 'x'].map((value) => ({ [name]: value }))
    ),
    { tags: ['x'] },
    ...[undefined, null, '5 min', '', 'm', 0, '0s', -1, NaN, Infinity, '1'].map((ttl) => ({
      ttl
    })),
    ...['staleWhileRevalidate', 'staleIfError'].flatMap((name) =>
      ['5 min', -1, null].map((value) => ({ [name]: value }))
    ),
    { tll: '1m' },
    { staleWhileRevalidation: '1m' }
  ]
  for (const options of wrong) {
    const [name] = Object.keys(options)
    t.throws(
      () => writeThrough({ ...parts, ...options }),
      { code: 'WEIR_OUTBOX_INVALID_OPTION', message: new RegExp(`^${name} `) },
      JSON.stringify(options)
    )
  }
  writeThrough({ ...parts, staleWhileRevalidate: 0, staleIfError: '1.5h' })
})

t.test(
  'while the cache is down the write succeeds, queued, and reads come from the database',
  async (t) => {
    const { db, read, parts } = await setUp(t)
    let down = false
    const store = memoryStore()
    const invalidate = async (tags: readonly string[]) => {
      if (down) throw new Error('down')
      await cache.invalidate(tags)
    }
    const outbox = createOutbox({ db, invalidate, pollInterval: 5, lease: 40 })
    const cache = createCache<string>({
      store: guardedStore(store, outbox.isDrained),
      namespace: 'n'
    })
    await outbox.start()
    t.teardown(() => outbox.stop())
    const remember = () => cache.remember('1', { ttl: '1m' }, read)
    t.equal(await remember(), 'old')

    down = true
    const save = writeThrough({ ...parts, outbox, cache })
    t.match(await save('new'), { outcome: 'queued' })
    t.equal(await remember(), 'new')
    t.equal(await cache.get('1'), undefined, 'no instance uses a cache it cannot trust')
    down = false
    await outbox.start()
    while ((await outbox.pending()) > 0 || !outbox.isDrained()) await setImmediate()
    t.equal(await remember(), 'new')
  }
)

t.test('a value that cannot be put, or is late, does not fail a committed write', async (t) => {
  const { parts, read, cache } = await setUp(t)
  const errors = record(t, 'weir:outbox:error')
  for (const broken of [
    async () => {
      throw new Error('no')
    },
    () => new Promise<string>(() => {})
  ]) {
    t.match(await writeThrough({ ...parts, read: broken })('new'), { outcome: 'delivered' })
    t.equal(await read(), 'new')
  }
  t.match(
    await writeThrough({
      ...parts,
      cache: {
        remember: () => {
          throw new Error('at once')
        }
      }
    })('new'),
    { outcome: 'delivered' }
  )
  t.match(errors, [
    { operation: 'put', error: { message: 'no' } },
    { operation: 'put', error: { code: 'WEIR_OUTBOX_TIMEOUT' } },
    { operation: 'put', error: { message: 'at once' } }
  ])
  t.equal(await cache.get('1'), undefined)
})

/**
 * The points at which a writer can be held: before its commit, its invalidation, its put, and the
 * answer of its read.
 */
const WRITER = ['commit', 'deliver', 'put', 'answer'] as const
/** A reader is held before it asks the cache, and before the answer of the database arrives. */
const READER = ['ask', 'answer'] as const

type Step = `${'first' | 'second'} ${typeof WRITER[number]}` | `reader ${typeof READER[number]}`

/** Yields every order of all steps. */
function * orders (
  rest: readonly (readonly Step[])[],
  before: readonly Step[] = []
): Generator<readonly Step[]> {
  if (rest.every((steps) => steps.length === 0)) yield before
  for (const [i, [step, ...later]] of rest.entries()) {
    if (step !== undefined) yield * orders(rest.with(i, later), [...before, step])
  }
}

const all = [
  ...orders([
    WRITER.map((step) => `first ${step}` as const),
    WRITER.map((step) => `second ${step}` as const),
    READER.map((step) => `reader ${step}` as const)
  ])
]

/** The way a write puts its value into the cache. */
type Put = 'read back' | 'as written' | 'read before its stamp is taken'

type World = Awaited<ReturnType<typeof setUp>>

/**
 * Runs the steps, and returns the one after which the cache had data replaced by an acknowledged
 * write, or lacked the newest at the end.
 */
async function run (
  { db, parts }: World,
  steps: readonly Step[],
  how: Put
): Promise<Step | 'the end' | undefined> {
  await db.updateTable('products').set({ name: 'old' }).execute()
  const cache = createCache<string>({ store: memoryStore(), namespace: 'n' })
  const outbox = createOutbox({ db, invalidate: (tags) => cache.invalidate(tags) })
  const gates = new Map<Step, Gate>(steps.map((step) => [step, gate()]))
  const acknowledged = new Set<string>()
  const write = async (who: 'first' | 'second') => {
    const at = (step: (typeof WRITER)[number]) => gates.get(`${who} ${step}`)?.opened
    const save = writeThrough({
      ...parts,
      outbox: {
        add: (trx: Parameters<typeof outbox.add>[0], tags: readonly string[]) =>
          outbox.add(trx, tags),
        async deliver (ticket: Ticket) {
          await at('deliver')
          return outbox.deliver(ticket)
        }
      },
      cache: {
        async remember (key, options, fn) {
          await at('put')
          if (how === 'read back') return cache.remember(key, options, fn)
          const value = how === 'as written' ? who : await fn()
          await cache.remember(key, options, () => value)
          return value
        }
      },
      read: async () => {
        const value = await parts.read()
        await at('answer')
        return value
      }
    })
    await at('commit')
    await save(who)
    acknowledged.add(who)
  }
  const read = async () => {
    await gates.get('reader ask')?.opened
    await cache.remember('1', { ttl: '1m' }, async () => {
      const value = await parts.read()
      await gates.get('reader answer')?.opened
      return value
    })
  }
  const work = Promise.all([write('first'), write('second'), read()])
  for (const step of steps) {
    gates.get(step)?.open()
    await setImmediate()
    const stored = await parts.read()
    const cached = await cache.get('1')
    if (acknowledged.has(stored) && cached !== undefined && cached !== stored) return step
  }
  await work
  return (await cache.get('1')) === (await parts.read()) ? undefined : 'the end'
}

t.test(
  'two writers and a reader, in any order: no older value after a newer one, and the newest in the end',
  async (t) => {
    const world = await setUp(t)
    const random = new Random(18)
    t.equal(all.length, 3150)
    for (let i = 0; i < 150; i++) {
      const steps = all[random.integer(0, all.length - 1)] ?? []
      const stale = await run(world, steps, 'read back')
      if (stale !== undefined) t.fail(`stale after ${stale}: ${steps.join(', ')}`)
    }
  }
)

for (const how of ['as written', 'read before its stamp is taken'] as const) {
  t.test(`detected: a value that is put ${how}`, async (t) => {
    const world = await setUp(t)
    const random = new Random(18)
    let found: string | undefined
    for (let i = 0; i < 150 && found === undefined; i++) {
      const steps = all[random.integer(0, all.length - 1)] ?? []
      const stale = await run(world, steps, how)
      if (stale !== undefined) found = `${stale}: ${steps.join(', ')}`
    }
    t.type(found, 'string', found ?? 'not found')
  })
}
