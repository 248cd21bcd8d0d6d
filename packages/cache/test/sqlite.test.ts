import { join } from 'node:path'
import t, { type Test } from 'tap'
import Database from 'better-sqlite3'
import { createCache } from '../src/index.js'
import { sqliteStore } from '../src/stores/sqlite/index.js'
import { frameOf } from './frames.js'
import { startInstance } from './instance-process.js'
import { storeContract } from './store-contract.js'

const newFile = (t: Test) => join(t.testdir(), 'cache.db')

/** Changes the file through a separate connection. */
function behind<R> (file: string, work: (db: Database.Database) => R): R {
  const db = new Database(file)
  try {
    return work(db)
  } finally {
    db.close()
  }
}

storeContract(t, 'sqlite', { shared: true, persistent: true }, async (t) => {
  const file = newFile(t)
  return {
    process: { kind: 'sqlite', file },
    async open (options) {
      const store = sqliteStore({ file, ...options })
      t.teardown(() => store.close())
      return store
    },
    async setClock (namespace, clock) {
      behind(file, (db) =>
        db.prepare('UPDATE namespaces SET clock = ? WHERE name = ?').run(clock, namespace)
      )
    },
    async loseRecords (namespace) {
      behind(file, (db) => {
        db.prepare('DELETE FROM tags WHERE namespace = ?').run(namespace)
        db.prepare('DELETE FROM namespaces WHERE name = ?').run(namespace)
      })
    }
  }
})

t.test('several processes open a new file at the same moment', async (t) => {
  const file = newFile(t)
  const start = () => startInstance(t, { kind: 'sqlite', file }, 'n')
  const instances = await Promise.all([start(), start(), start(), start()])
  for (let i = 0; i < 50; i++) {
    const stamps = await Promise.all(
      instances.map((instance) => instance.call('openFile', `${file}-${i}`))
    )
    if (new Set(stamps).size !== 4) t.fail(`one clock for all: ${stamps.join()}`)
  }
})

t.test('kill -9 of a writer leaves the file intact and the other processes running', async (t) => {
  const file = newFile(t)
  const store = sqliteStore({ file })
  t.teardown(() => store.close())
  const cache = createCache<string>({ store, namespace: 'n' })
  const writer = await startInstance(t, { kind: 'sqlite', file }, 'n')
  const busy = writer.said()
  const writing = t.rejects(writer.call('writeForever', undefined), { message: /SIGKILL/ })
  await busy
  await cache.set('mine', 'value', { ttl: '1h', tags: ['mine'] })
  await writer.kill()
  await writing

  t.equal(await cache.get('mine'), 'value')
  await cache.invalidate(['mine'])
  t.equal(await cache.get('mine'), undefined)
  t.equal(behind(file, (db) => db.pragma('integrity_check', { simple: true })), 'ok')
  const again = await startInstance(t, { kind: 'sqlite', file }, 'n')
  t.ok(await again.call('set', { key: 'mine', value: 'theirs', tags: [] }))
  t.equal(await cache.get('mine'), 'theirs')
})

t.test('its size stays near the limit, and entries that expire soonest are dropped first', async (t) => {
  const file = newFile(t)
  const maxBytes = 2 * 1024 * 1024
  const store = sqliteStore({ file, maxBytes })
  t.teardown(() => store.close())
  const namespace = store.namespace('n')
  await namespace.entries.set('long', frameOf(1, 'long'), 1e9)
  const body = Buffer.alloc(16 * 1024)
  for (let i = 0; i < 640; i++) await namespace.entries.set(`key-${i}`, frameOf(1, body), 1e6 + i)
  const used = behind(file, (db) => {
    const page = Number(db.pragma('page_size', { simple: true }))
    return (
      page *
      (Number(db.pragma('page_count', { simple: true })) -
        Number(db.pragma('freelist_count', { simple: true })))
    )
  })
  // The store checks every 128 sets.
  t.ok(used < maxBytes + 128 * 20 * 1024, `${used} bytes`)
  t.strictSame(
    (await namespace.entries.get(['long', 'key-0', 'key-639'])).map(
      (frame) => frame !== undefined
    ),
    [true, false, true]
  )
})

t.test('expired entries are deleted', async (t) => {
  const file = newFile(t)
  const store = sqliteStore({ file })
  t.teardown(() => store.close())
  const namespace = store.namespace('n')
  for (let i = 0; i < 128; i++) {
    await namespace.entries.set(`key-${i}`, frameOf(1, ''), i < 100 ? -1 : 60_000)
  }
  t.equal(behind(file, (db) => db.prepare('SELECT count(*) FROM entries').pluck().get()), 28)
})

t.test('a file of another version is emptied, even while a store has it open', async (t) => {
  const file = newFile(t)
  const first = sqliteStore({ file })
  t.teardown(() => first.close())
  const namespace = first.namespace('n')
  const stamp = await namespace.validity.stamp()
  await namespace.entries.set('key', frameOf(stamp, 'body'), 60_000)
  behind(file, (db) => db.pragma('user_version = 999'))

  const second = sqliteStore({ file })
  t.teardown(() => second.close())
  t.strictSame(await second.namespace('n').entries.get(['key']), [undefined])
  t.strictSame(await namespace.entries.get(['key']), [undefined])
  t.equal(namespace.validity.isValid({ key: 'key', stamp, tags: [] }), false)
  t.ok(await namespace.validity.stamp() > stamp)
})

t.test(
  'a missing folder is created; a file that cannot be opened is a clear error',
  async (t) => {
    const folder = t.testdir({ 'cache.db': {} })
    t.throws(() => sqliteStore({ file: join(folder, 'cache.db') }), {
      code: 'WEIR_SQLITE_IS_FOLDER',
      message: join(folder, 'cache.db')
    })
    const store = sqliteStore({ file: join(folder, 'a', 'b', 'cache.db') })
    t.teardown(() => store.close())
    t.ok(await store.namespace('n').validity.stamp())
  }
)

t.test('a file that is not a database is set aside', async (t) => {
  const warned = t.capture(process, 'emitWarning')
  const file = join(
    t.testdir({ 'cache.db': 'this is not a database, whatever it is called'.repeat(50) }),
    'cache.db'
  )
  const store = sqliteStore({ file })
  t.teardown(() => store.close())
  const cache = createCache<string>({ store, namespace: 'n' })
  await cache.set('key', 'value', { ttl: '1m' })
  t.equal(await cache.get('key'), 'value')
  t.equal(warned().length, 1)
})

t.test('a store closed under a cache: reads are misses, writes report it', async (t) => {
  const store = sqliteStore({ file: newFile(t) })
  const cache = createCache<string>({ store, namespace: 'n' })
  await cache.set('key', 'value', { ttl: '1m' })
  await store.close()
  t.equal(await cache.get('key'), undefined)
  t.strictSame(await cache.getMany(['key']), [undefined])
  t.equal(await cache.remember('key', { ttl: '1m' }, () => 'computed'), 'computed')
  await t.rejects(cache.invalidate(['tag']), { code: 'WEIR_CACHE_STORE_FAILED' })
})
