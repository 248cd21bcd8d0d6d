import { execFile } from 'node:child_process'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'
import t from 'tap'
import { versionOf } from '../src/frame-version.js'
import { type Cache, createCache } from '../src/index.js'
import {
  type PostgresClient,
  postgresStore,
  type PostgresPool,
  type PostgresQuery
} from '../src/stores/postgres/index.js'
import { record } from './events.js'
import { frameOf } from './frames.js'
import { type Operation, startInstance } from './instance-process.js'
import { hearing, valid } from './judging.js'
import {
  nextPrefix,
  openPool,
  openPostgres,
  postgresPlace,
  startServer,
  urlOf
} from './postgres-place.js'
import { until } from './redis-node.js'
import { storeContract } from './store-contract.js'
import { counterOf, missing } from './swaps-contract.js'

// Allows for a busy machine.
t.setTimeout(180_000)

const run = promisify(execFile)
const server = await startServer(t)
const url = urlOf(server)
const control = openPool(t, server)

storeContract(t, 'postgres', { shared: true, persistent: true }, (t) =>
  postgresPlace(t, server, control)
)

t.test('several instances create the tables at the same moment', async (t) => {
  for (let round = 0; round < 5; round++) {
    const prefix = nextPrefix()
    const stores = Array.from({ length: 6 }, () => openPostgres(t, { url, prefix }))
    const stamps = await Promise.all(
      stores.flatMap((store) => [
        store.namespace('n').validity.stamp(),
        store.namespace('m').validity.stamp()
      ])
    )
    t.equal(new Set(stamps.filter((_, i) => i % 2 === 0)).size, 6, 'one clock for all')
    await Promise.all(stores.map((store) => store.close()))
  }
})

/** Faults of the tables that no instance observes directly. */
const faults: Record<string, (prefix: string) => Promise<unknown>> = {
  'all tables are dropped': (prefix) =>
    control.query(
      `DROP TABLE ${['namespaces', 'records', 'entries', 'fills'].map((table) => `${prefix}_${table}`).join(', ')}`
    ),
  'the functions are dropped': async (prefix) => {
    const { rows } = await control.query(
      'SELECT oid::regprocedure AS name FROM pg_proc WHERE proname LIKE $1',
      [`${prefix}\\_%`]
    )
    await control.query(`DROP FUNCTION ${rows.map(({ name }) => String(name)).join(', ')}`)
  },
  'the namespaces are lost': (prefix) => control.query(`TRUNCATE ${prefix}_namespaces`),
  'the server crashes': () => server.crash(),
  ...Object.fromEntries(
    ['namespaces', 'records', 'entries', 'fills'].map((table) => [
      `the table of ${table} is dropped`,
      (prefix: string) => control.query(`DROP TABLE ${prefix}_${table}`)
    ])
  )
}

t.test('tables of the version before are changed, and their entries stay', async (t) => {
  const prefix = nextPrefix()
  const cache = () => createCache({ store: openPostgres(t, { url, prefix }), namespace: 'n' })
  await cache().set('before', 1, { ttl: '1h' })
  await control.query(`ALTER TABLE ${prefix}_entries DROP COLUMN ns, DROP COLUMN name`)
  await faults['the functions are dropped']?.(prefix)
  const next = cache()
  await next.set('after', 2, { ttl: '1h' })
  t.strictSame(await next.getMany(['before', 'after']), [1, 2])
  const listed = (await next.keys()).keys.map(({ key }) => key)
  t.strictSame(listed, ['after'], 'those that were written without their names are not listed')
  await next.set('before', 3, { ttl: '1h' })
  t.equal((await next.keys()).keys.length, 2)
})

t.test(
  'no earlier value is served after an invalidation, whatever happens to the tables',
  async (t) => {
    const prefix = nextPrefix()
    const place = { kind: 'postgres', url, prefix } as const
    const instances = [await startInstance(t, place, 'n'), await startInstance(t, place, 'n')]
    const entry = { key: 'key', tags: ['tag'] }
    const all = <K extends keyof Operation>(operation: K, argument: Operation[K][0]) =>
      Promise.all(instances.map((instance) => instance.call(operation, argument)))
    for (const [what, fault] of Object.entries(faults)) {
      for (const [i, invalidating] of instances.entries()) {
        await until('the store is in use', async () => {
          await all('invalidate', ['tag']).catch(() => {})
          await all('remember', { ...entry, value: 'old' })
          return (await all('get', 'key')).every((value) => value === 'old')
        })
        await fault(prefix)
        await until('it is invalidated', () =>
          invalidating.call('invalidate', ['tag']).then(
            () => true,
            () => false
          )
        )
        t.strictSame(await all('get', 'key'), [null, null], `${what}, ${i}`)
        await until('a new value is kept', async () => {
          await all('remember', { ...entry, value: 'new' })
          return (await all('get', 'key')).every((value) => value === 'new')
        })
      }
    }
  }
)

t.test(
  'stamps keep growing when the tables are lost, and entries stamped before are invalid',
  async (t) => {
    const prefix = nextPrefix()
    const namespace = await hearing(openPostgres(t, { url, prefix }).namespace('n'))
    await namespace.validity.stamp()
    // The clock of the lost row is far ahead.
    await control.query(`UPDATE ${prefix}_namespaces SET clock = clock + 1000000000000`)
    const old = await namespace.validity.stamp()
    t.ok(await valid(namespace, old, []))
    // The row is created by an instance that knows that clock, or by one that does not.
    const now = 'floor(extract(epoch FROM now()) * 1000000)'
    for (const lose of [
      `DROP TABLE ${prefix}_namespaces`,
      `UPDATE ${prefix}_namespaces SET epoch = gen_random_uuid(), clock = ${now}, changed = ${now}, floor = ${now}, began = ${now}`
    ]) {
      await control.query(lose)
      const other = openPostgres(t, { url, prefix }).namespace('n')
      await until('it is known here', async () => !(await valid(namespace, old, [])))
      await hearing(namespace)
      t.notOk(await valid(namespace, old, []))
      t.ok((await namespace.validity.stamp()) > old)
      await hearing(other)
      await until('it is known there', async () => !(await valid(other, old, [])))
      t.ok((await other.validity.stamp()) > old)
    }
  }
)

t.test('connections are cut: nothing is lost, and instances receive messages again', async (t) => {
  const prefix = nextPrefix()
  const [a, b] = [openPostgres(t, { url, prefix }), openPostgres(t, { url, prefix })]
  const [reader, writer] = [
    createCache<string>({ store: a, namespace: 'n' }),
    createCache<string>({ store: b, namespace: 'n' })
  ]
  for (let i = 0; i < 4; i++) {
    await hearing(a.namespace('n'))
    t.equal(await reader.remember('key', { ttl: '1h', tags: ['tag'] }, () => `${i}`), `${i}`)
    await control.query(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1',
      ['weir']
    )
    await until('it is invalidated', () => writer.invalidate(['tag']).then(() => true, () => false))
    t.equal(reader.lookup('key'), undefined)
    await until(
      'it is known',
      async () => (await reader.get('key').catch(() => 'unknown')) === undefined
    )
  }
})

t.test('a connection that fails the moment it is handed out does not crash the process', async (t) => {
  const pool = openPool(t, server)
  let isFailing = true
  const failing: PostgresPool = {
    connect (callback) {
      pool.connect((error, client) => {
        callback(error, client)
        if (isFailing) client?.emit('error', new Error('terminated'))
      })
    }
  }
  const namespace = openPostgres(t, { pool: failing, prefix: nextPrefix() }).namespace('n')
  t.ok(await namespace.validity.stamp())
  isFailing = false
  await hearing(namespace)
})

/**
 * A pool whose connections cannot listen, as behind a proxy that shares connections between
 * transactions.
 */
const deaf = (pool: PostgresPool): PostgresPool => ({
  connect (callback) {
    pool.connect((error, client) => { callback(error, client && deafClient(client)) })
  }
})

const deafClient = (client: PostgresClient): PostgresClient => new Proxy(client, {
  get (_client, property) {
    if (property === 'query') {
      return async (query: PostgresQuery) =>
        query.text.startsWith('LISTEN') ? { rows: [] } : client.query(query)
    }
    const value: unknown = Reflect.get(client, property)
    return typeof value === 'function' ? value.bind(client) as unknown : value
  }
})

t.test(
  'without notifications, changes are known within a lease, and fills are still shared',
  async (t) => {
    const pool = openPool(t, server)
    const prefix = nextPrefix()
    const [a, b] = [
      openPostgres(t, { pool: deaf(pool), prefix }),
      openPostgres(t, { pool: deaf(pool), prefix })
    ]
    const [one, other] = [await hearing(a.namespace('n')), await hearing(b.namespace('n'))]
    for (let i = 0; i < 20; i++) {
      const stamp = await one.validity.stamp()
      await other.validity.invalidate(['tag'])
      if (await valid(one, stamp, ['tag'])) t.fail('not known')
    }
    const caches = [a, b].map((store) => createCache<string>({ store, namespace: 'n' }))
    let fills = 0
    const begun = performance.now()
    const values = await Promise.all(
      caches.map((cache) =>
        cache.remember('key', { ttl: '1h' }, async () => {
          fills++
          await new Promise((resolve) => {
            setTimeout(resolve, 200)
          })
          return 'value'
        })
      )
    )
    t.strictSame([values, fills], [['value', 'value'], 1])
    t.ok(performance.now() - begun < 1400, 'before the lease runs out')
  }
)

t.test(
  'a late command: its connection is not reused, and no answer is taken for another\'s',
  async (t) => {
    const pool = openPool(t, server, { max: 3 })
    const prefix = nextPrefix()
    const patient = openPostgres(t, { url, prefix }).namespace('n')
    for (let i = 0; i < 10; i++) await patient.entries.set(`${i}`, frameOf(1, `${i}`), 60_000)
    const { entries } = openPostgres(t, { pool, prefix, commandTimeout: 200 }).namespace('n')
    await until('it answers', () =>
      entries.get(['1']).then(
        () => true,
        () => false
      )
    )
    const blocker = await control.connect()
    await blocker.query(`BEGIN; LOCK TABLE ${prefix}_entries IN ACCESS EXCLUSIVE MODE`)
    const asked = performance.now()
    const late = await Promise.allSettled(
      Array.from({ length: 10 }, (_, i) => entries.get([`${i}`, `x${i}`]))
    )
    t.ok(late.every(({ status }) => status === 'rejected'))
    t.ok(performance.now() - asked < 2000, 'one timeout for all')
    // One listens, another may belong to the probe.
    t.ok(pool.totalCount < 3, `${pool.totalCount} connections`)
    await t.rejects(entries.get(['1']), { code: /WEIR_CACHE_STORE_(UNAVAILABLE|TIMEOUT)/ })
    await blocker.query('COMMIT')
    blocker.release()
    for (let i = 0; i < 10; i++) {
      await until('it answers', () =>
        entries.get([`${i}`]).then(
          ([frame]) => frame?.equals(frameOf(1, `${i}`)) === true,
          () => false
        )
      )
    }
  }
)

t.test('another default format of bytes makes no difference', async (t) => {
  const prefix = nextPrefix()
  const pool = openPool(t, server, { max: 5, options: '-c bytea_output=escape' })
  const stores = [
    openPostgres(t, { pool, prefix }),
    openPostgres(t, { url: `${url}&options=-c%20bytea_output%3Descape`, prefix }),
    openPostgres(t, { url, prefix })
  ]
  for (const store of stores) await hearing(store.namespace('n'))
  const caches = stores.map((store) => createCache<unknown>({ store, namespace: 'n' }))
  const all = <R>(ask: (cache: Cache<unknown>) => Promise<R>) => Promise.all(caches.map(ask))
  const options = { ttl: '1h', tags: ['tag'] } as const
  // Every byte, and texts that look like either format.
  const values = [Buffer.from(Array.from({ length: 256 }, (_, i) => i)), '\\x00', '\\\\', '\\134']
  for (const [i, cache] of caches.entries()) {
    for (const value of values) {
      await cache.set('key', value, options)
      t.strictSame(await all((cache) => cache.get('key')), caches.map(() => value))
    }
    await cache.invalidate(['tag'])
    t.strictSame(await all((cache) => cache.get('key')), caches.map(() => undefined))
    let fills = 0
    const remembered = await all((cache) =>
      cache.remember(`remembered-${i}`, options, async () => ++fills)
    )
    t.strictSame(remembered, caches.map(() => 1))
    t.equal(await cache.increment('counter'), i + 1)
  }
})

t.test('a burst of thousands of calls is not an outage', async (t) => {
  const errors = record(t, 'weir:cache:error')
  const keys = Array.from({ length: 2000 }, (_, i) => `key-${i}`)
  const bursts: Record<string, (cache: Cache<unknown>) => Promise<unknown>[]> = {
    set: (cache) => keys.map((key) => cache.set(key, key, { ttl: '1h' })),
    increment: (cache) => keys.map((key) => cache.increment(key)),
    remember: (cache) => keys.map((key) => cache.remember(key, { ttl: '1h' }, () => key))
  }
  const prefix = nextPrefix()
  for (const [namespace, burst] of Object.entries(bursts)) {
    const store = postgresStore({
      ...(namespace === 'set' ? { pool: openPool(t, server, { max: 3 }) } : { url }),
      prefix,
      commandTimeout: 1000
    })
    t.teardown(() => store.close())
    const cache = createCache<unknown>({ store, namespace })
    await Promise.all(burst(cache))
    await cache.idle()
    const kept = await createCache<unknown>({ store, namespace, l1: false }).getMany(keys)
    t.equal(
      kept.filter((value, i) => value === (namespace === 'increment' ? 1 : keys[i])).length,
      keys.length,
      namespace
    )
  }
  t.equal(errors.length, 0, String(errors[0]?.error))
})

t.test('a stricter default isolation level makes no difference', async (t) => {
  const prefix = nextPrefix()
  for (const isolation of ['repeatable read', 'serializable']) {
    const pool = openPool(t, server, {
      max: 5,
      options: `-c default_transaction_isolation=${isolation.replace(' ', '\\ ')}`
    })
    const { entries, validity } = openPostgres(t, { pool, prefix }).namespace(isolation)
    await entries.set('key', counterOf(1, 0), 60_000)
    const version = { ...versionOf(counterOf(1, 0)) ?? missing(), number: undefined }
    const work = Array.from({ length: 20 }, async (_, i) => {
      await entries.increment('key', { ...version }, 1)
      await validity.invalidate([`tag-${i % 3}`], 'bounded')
      const stamp = await validity.stamp()
      await validity.stampIfValid({ key: 'key', stamp, tags: ['tag-0'] })
    })
    await Promise.all(work)
    t.equal(await entries.increment('key', version, 0), 20)
  }
})

t.test('expired rows are deleted', async (t) => {
  const prefix = nextPrefix()
  const { entries } = openPostgres(t, { url, prefix }).namespace('n')
  for (let i = 0; i < 128; i++) await entries.set(`key-${i}`, frameOf(1, ''), i < 100 ? -1 : 60_000)
  await until(
    'it is swept',
    async () => (await control.query(`SELECT FROM ${prefix}_entries`)).rowCount === 28
  )
})

t.test('the program in the README runs as it is, except for the address, and ends', async (t) => {
  const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8')
  const [, program = ''] = /### Postgres\n.*?```js\n(.*?)```/s.exec(readme) ?? []
  // Next to the compiled tests, from where packages are found.
  const file = new URL(`postgres-readme-${process.pid}.mjs`, import.meta.url)
  t.teardown(() => rm(file))
  await writeFile(file, program.replace(/postgres:\/\/[^']*/, url))
  const { stdout } = await run(process.execPath, [file.pathname], { timeout: 60_000 })
  t.equal(stdout, "{ name: 'Lamp' }\nundefined\n")
})

t.test('options are checked, and passwords are not shown', async (t) => {
  const wrong: [options: Parameters<typeof postgresStore>[0], message: RegExp][] = [
    [{}, /No Postgres is configured/],
    [{ url, pool: control }, /Both url and pool/],
    [{ url: '' }, /it is missing/],
    [{ url: 'localhost' }, /not a URL/],
    [{ url: 'redis://:secret@localhost' }, /it begins with redis:\/\//],
    [{ url: 'postgres://user:sec ret@localhost' }, /white space/],
    [{ url: 'postgres://user:secret%@localhost' }, /% that does not encode/],
    [{ url, prefix: 'Weir' }, /prefix 'Weir'/],
    [{ url, prefix: 'a.b.c' }, /prefix 'a.b.c'/],
    [{ url, prefix: '"; DROP TABLE x' }, /lower-case letters/],
    [{ url, lease: '2h' }, /lease '2h'/],
    [{ url, commandTimeout: 0 }, /commandTimeout 0/],
    [{ pool: openPool(t, server, { max: 1 }) }, /set its max to at least 2/]
  ]
  for (const [options, message] of wrong) {
    t.throws(() => postgresStore(options), { code: 'WEIR_CACHE_INVALID_OPTION', message })
    t.throws(() => postgresStore(options), { message: /^(?!.*secret)/ })
  }
})

t.test('a user who may not create the tables gets an error, and reads are misses', async (t) => {
  await control.query('CREATE ROLE reader LOGIN; REVOKE CREATE ON SCHEMA public FROM PUBLIC')
  const store = openPostgres(t, { url: url.replace('//weir@', '//reader@'), prefix: nextPrefix() })
  const cache = createCache<string>({ store, namespace: 'n' })
  t.equal(await cache.get('key'), undefined)
  t.equal(await cache.remember('key', { ttl: '1m' }, () => 'computed'), 'computed')
  await t.rejects(cache.invalidate(['tag']), {
    code: 'WEIR_CACHE_STORE_FAILED',
    cause: { message: /permission denied for schema public/ }
  })
})

t.test('tables in a separate schema; two prefixes are two stores', async (t) => {
  await control.query('CREATE SCHEMA cache')
  const [a, b] = [
    openPostgres(t, { url, prefix: 'cache.weir' }),
    openPostgres(t, { url, prefix: nextPrefix() })
  ]
  await a.namespace('n').entries.set('key', frameOf(1, 'a'), 60_000)
  t.strictSame(await b.namespace('n').entries.get(['key']), [undefined])
  t.equal((await control.query('SELECT FROM cache.weir_entries')).rowCount, 1)
})

t.test(
  'a closed store leaves the given pool open, and nothing that keeps the process alive',
  async (t) => {
    const pool = openPool(t, server, { max: 3 })
    const store = postgresStore({ pool, prefix: nextPrefix() })
    await store.namespace('n').validity.stamp()
    const closing = store.namespace('n').validity.stamp()
    await store.close()
    await closing.catch(() => {})
    t.equal((await pool.query('SELECT 1')).rowCount, 1)
    await until('its connections are back', async () => pool.idleCount === pool.totalCount)

    const worker = new Worker(
      `
    const { postgresStore } = await import(${JSON.stringify(new URL('../src/stores/postgres/index.js', import.meta.url).href)})
    const store = postgresStore({ url: ${JSON.stringify(url)}, prefix: 'ends', commandTimeout: 60_000 })
    const { entries, validity } = store.namespace('n')
    await validity.stamp()
    for (let i = 0; i < 50; i++) entries.get([String(i)]).catch(() => {})
    entries.claim('key').catch(() => {})
    await store.close()`,
      { eval: true, execArgv: ['--input-type=module'] }
    )
    const begun = performance.now()
    t.equal(
      await new Promise((resolve) => {
        worker.once('exit', resolve)
      }),
      0
    )
    t.ok(performance.now() - begun < 10_000)
  }
)
