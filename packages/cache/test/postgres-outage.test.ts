import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { type CacheError, createCache } from '../src/index.js'
import { postgresStore } from '../src/stores/postgres/index.js'
import { numberOfNamespace } from '../src/stores/postgres/names.js'
import { hearing, judgesHere, valid } from './judging.js'
import { listening } from './listening.js'
import { nextPrefix, openPool, openPostgres, startServer, urlOf } from './postgres-place.js'
import { until } from './redis-node.js'

// Allows for a busy machine.
t.setTimeout(180_000)

// Milliseconds.
const COMMAND_TIMEOUT = 200
const FROZEN = 2500
// 200 reads per second.
const READ_EVERY = 5

const server = await startServer(t)
const url = urlOf(server)
const control = openPool(t, server)

/**
 * A read under load, measured in reads started before it and during it: a clock that stands still
 * while a busy machine does.
 */
interface Read {
  readonly at: number
  readonly took: number
}

t.test(
  'Postgres freezes under load: reads that begin after that is noticed do not wait',
  async (t) => {
    const own = openPool(t, server, { max: 10 })
    for (const location of [{ url }, { pool: own }]) {
      const store = postgresStore({
        ...location,
        prefix: nextPrefix(),
        commandTimeout: COMMAND_TIMEOUT
      })
      t.teardown(() => store.close())
      const cache = createCache({ store, namespace: 'frozen' })
      const reads: Promise<Read>[] = []
      const read = async (key: string): Promise<Read> => {
        const at = reads.length
        t.equal(await cache.remember(key, { ttl: '1h', tags: ['tag'] }, () => key), key)
        return { at, took: reads.length - at }
      }
      const load = setInterval(() => {
        reads.push(read(`key-${reads.length % 20}`))
      }, READ_EVERY)
      t.teardown(() => {
        clearInterval(load)
      })
      await setTimeout(500)
      server.freeze()
      const frozenAt = reads.length
      await setTimeout(FROZEN)
      clearInterval(load)
      const all = await Promise.all(reads)

      const timeout = COMMAND_TIMEOUT / READ_EVERY
      const later = all.filter(({ at }) => at > frozenAt + 1.5 * timeout)
      t.ok(later.length > timeout, `${later.length} reads`)
      t.strictSame(
        later.filter(({ took }) => took > timeout / 4),
        [],
        'no read waits for Postgres'
      )
      t.strictSame(
        all.filter(({ at, took }) => at > 10 && took > 1.5 * timeout),
        [],
        'those before wait for one timeout'
      )

      server.thaw()
      await until('Postgres is in use again', () =>
        cache.set('key', 'value', { ttl: '1h' }).catch(() => false)
      )
    }
  }
)

t.test(
  'Postgres freezes: an atomic method fails, says what may have been done, and does it once',
  async (t) => {
    // A long lease, so that the counter is checked locally and its command is sent.
    const store = postgresStore({
      url,
      prefix: nextPrefix(),
      commandTimeout: COMMAND_TIMEOUT,
      lease: 60_000
    })
    t.teardown(() => store.close())
    await hearing(store.namespace('n'))
    const cache = createCache<number>({ store, namespace: 'n' })
    t.equal(await cache.increment('counter'), 1)
    t.equal(await cache.increment('counter'), 2)
    server.freeze()
    const error = await cache.increment('counter').then(
      () => undefined,
      (error: CacheError) => error
    )
    t.match(error, { code: 'WEIR_CACHE_STORE_FAILED', message: /may have been done, and is not retried/ })
    server.thaw()
    await until('Postgres is in use again', async () => (await cache.get('counter')) !== undefined)
    // The unanswered command has reached Postgres.
    await until('it was done', async () => (await cache.get('counter')) === 3)
    t.equal(await cache.increment('counter'), 4)
  }
)

t.test(
  'Postgres freezes: commands waiting for a connection are rejected with those that have one',
  async (t) => {
    // Clearly shorter than two timeouts on a busy machine.
    const timeout = 2000
    const store = postgresStore({ url, prefix: nextPrefix(), commandTimeout: timeout })
    t.teardown(() => store.close())
    const cache = createCache<string>({ store, namespace: 'n' })
    await cache.set('key', 'value', { ttl: '1h' })
    server.freeze()
    t.teardown(() => {
      server.thaw()
    })
    const begun = performance.now()
    const keys = Array.from({ length: 500 }, (_, i) => `key-${i}`)
    const [remembered, set] = await Promise.all([
      Promise.all(keys.map((key) => cache.remember(key, { ttl: '1h' }, () => key))),
      Promise.allSettled(keys.map((key) => cache.set(`set-${key}`, key, { ttl: '1h' })))
    ])
    const took = performance.now() - begun
    t.ok(took < 1.75 * timeout, `${took.toFixed()} ms`)
    t.strictSame(remembered, keys)
    t.ok(set.every((result) => result.status === 'rejected' || !result.value))
    server.thaw()
    await until('Postgres is in use again', () =>
      cache.set('key', 'value', { ttl: '1h' }).catch(() => false)
    )

    const waiting = keys.map((key) => store.namespace('n').entries.delete(key))
    server.freeze()
    const closing = performance.now()
    const closed = store.close()
    const results = await Promise.allSettled(waiting)
    t.ok(performance.now() - closing < timeout / 2, 'close() rejects waiting commands')
    t.ok(results.filter(({ status }) => status === 'rejected').length > 450)
    server.thaw()
    await closed
  }
)

t.test(
  'an instance whose server freezes trusts its memory for at most one lease',
  async (t) => {
    const { validity } = await hearing(
      openPostgres(t, { url, prefix: nextPrefix(), lease: 50, commandTimeout: 100 }).namespace('n')
    )
    const entry = { key: 'key', stamp: await validity.stamp(), tags: [] }
    let now = performance.now()
    server.freeze()
    t.teardown(() => {
      server.thaw()
    })
    t.intercept(performance, 'now', { value: () => now })
    // Commands in flight when the server froze have arrived.
    for (let i = 0; i < 5; i++) {
      await new Promise((resolve) => {
        setImmediate(resolve)
      })
    }
    now += 49
    const early = validity.isValid(entry)
    now += 2
    const late = validity.isValid(entry)
    t.ok(early === true || early instanceof Promise)
    t.ok(late instanceof Promise, 'it asks')
    await Promise.allSettled([early, late])
  }
)

t.test('an instance reads any number of records in small parts', async (t) => {
  const RECORDS = 100_000
  // Milliseconds of CPU time over all threads, because elapsed time means nothing on a busy
  // machine. A page takes a few, a garbage collection the rest.
  const MOST_OF_A_TURN = 100
  const prefix = nextPrefix()
  const options = { url, prefix, maxTags: RECORDS }
  const first = await openPostgres(t, options).namespace('n').validity.stamp()
  const ns = numberOfNamespace('n')
  await control.query(
    `
    INSERT INTO ${prefix}_records (id, ns, is_key, name, stamp, at)
    SELECT sha256(convert_to('id ' || i, 'UTF8')), $1, false, convert_to('"tag ' || i || '"', 'UTF8'), $2::bigint + i, $2::bigint + i
    FROM generate_series(1, $3::int) AS i`,
    [ns, first, RECORDS]
  )
  await control.query(
    `UPDATE ${prefix}_namespaces SET clock = $2::bigint + $3::int, changed = $2::bigint + $3::int, tags = $3 WHERE ns = $1`,
    [ns, first, RECORDS]
  )

  let [isCounting, before, longest, turns] = [true, process.cpuUsage(), 0, 0]
  const turn = () => {
    turns++
    const { user, system } = process.cpuUsage(before)
    longest = Math.max(longest, (user + system) / 1000)
    before = process.cpuUsage()
    if (isCounting) setImmediate(turn)
  }
  turn()
  const complete = listening(true)
  const namespace = openPostgres(t, options).namespace('n')
  t.notOk(judgesHere(namespace))
  await complete
  isCounting = false
  t.ok(turns > RECORDS / 250, `${turns} turns`)
  t.ok(longest < MOST_OF_A_TURN, `${longest.toFixed(1)} ms of CPU in a turn at most`)

  await hearing(namespace)
  const { validity } = namespace
  for (const i of [1, 2, RECORDS / 2, RECORDS]) {
    t.equal(validity.isValid({ key: 'key', stamp: first + i, tags: [`tag ${i}`] }), false)
    t.ok(await valid(namespace, first + i + 0.5, [`tag ${i}`]))
  }
})
