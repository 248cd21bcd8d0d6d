import {
  closeSync,
  existsSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeSync
} from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import Database from 'better-sqlite3'
import { createCache } from '../src/index.js'
import { sqliteStore } from '../src/stores/sqlite/index.js'
import { frameOf } from './frames.js'
import { type Operation, startInstance } from './instance-process.js'

/** Changes the file through a separate connection. */
function behind<R> (file: string, work: (db: Database.Database) => R): R {
  const db = new Database(file)
  try {
    return work(db)
  } finally {
    db.close()
  }
}

/** Things that people do to a file in use, in its own folder. */
const faults: Record<string, (file: string, copy: string) => void> = {
  'the file is deleted': (file) => {
    rmSync(file)
  },
  'the file and its journal are deleted': (file) => {
    for (const part of ['', '-wal', '-shm']) rmSync(file + part)
  },
  'the folder is deleted': (file) => {
    rmSync(dirname(file), { recursive: true })
  },
  'an old copy is moved over it': (file, copy) => {
    renameSync(copy, file)
  },
  'it is emptied': (file) => {
    truncateSync(file)
  }
}

t.test(
  'no earlier value is served after an invalidation, whatever happens to the file',
  async (t) => {
    const folder = t.testdir({})
    const place = { kind: 'sqlite', file: join(folder, 'sub', 'cache.db') } as const
    const instances = [await startInstance(t, place, 'n'), await startInstance(t, place, 'n')]
    const entry = { key: 'key', tags: ['tag'] }
    const all = <K extends keyof Operation>(operation: K, argument: Operation[K][0]) =>
      Promise.all(instances.map((instance) => instance.call(operation, argument)))
    for (const [what, fault] of Object.entries(faults)) {
      for (let i = 0; i < 3; i++) {
        // Only one instance, or none, may have noticed the fault already.
        while (
          !existsSync(place.file) ||
          (await all('get', 'key')).some((value) => value !== 'old')
        ) {
          await all('clear', undefined)
          await all('remember', { ...entry, value: 'old' })
        }
        const copy = join(folder, `${what}-${i}`)
        behind(place.file, (db) => db.exec(`VACUUM INTO '${copy}'`))
        t.strictSame(await all('get', 'key'), ['old', 'old'])
        fault(place.file, copy)
        // An instance that has it in memory, or one that has just started.
        const invalidating = i === 0 ? await startInstance(t, place, 'n') : instances[i % 2]
        await invalidating?.call('invalidate', ['tag'])
        t.strictSame(await all('get', 'key'), [null, null], what)
        t.strictSame(await all('remember', { ...entry, value: 'new' }), ['new', 'new'], what)
      }
    }
  }
)

t.test('a fill that began with the old file is not served from the new one', async (t) => {
  const file = join(t.testdir(), 'cache.db')
  let now = performance.now()
  t.intercept(performance, 'now', { value: () => now })
  const store = sqliteStore({ file })
  t.teardown(() => store.close())
  // The clock of the old file is far ahead.
  const namespace = store.namespace('n')
  await namespace.validity.stamp()
  behind(file, (db) => db.exec('UPDATE namespaces SET clock = clock + 1000000000000'))
  const claim = await namespace.entries.claim('key')
  if (claim.kind !== 'granted') throw new Error('another fill is in progress')
  for (const part of ['', '-wal', '-shm']) rmSync(file + part)
  now += 5
  await claim.lease.store(frameOf(claim.lease.stamp, 'old'), 60_000)
  const judged = { key: 'key', stamp: claim.lease.stamp, tags: ['tag'] }
  t.equal(namespace.validity.isValid(judged), false)
  t.ok(await namespace.validity.stamp() > claim.lease.stamp, 'stamps keep growing')
  const fresh = sqliteStore({ file })
  t.teardown(() => fresh.close())
  t.equal(fresh.namespace('n').validity.isValid(judged), false)
})

t.test(
  'damage found while running: reads are misses, and the store continues with a new file',
  async (t) => {
    t.capture(process, 'emitWarning')
    const file = join(t.testdir(), 'cache.db')
    const first = sqliteStore({ file })
    const large = Buffer.alloc(64 * 1024, 'x')
    for (let i = 0; i < 100; i++) {
      await first.namespace('n').entries.set(`key-${i}`, frameOf(1, large), 1e9)
    }
    await first.close()
    const store = sqliteStore({ file })
    t.teardown(() => store.close())
    const cache = createCache<string>({ store, namespace: 'n' })
    await cache.set('mine', 'value', { ttl: '1h', tags: ['tag'] })
    t.equal(await cache.get('mine'), 'value')
    behind(file, (db) => db.pragma('wal_checkpoint(TRUNCATE)'))
    const { size } = statSync(file)
    const opened = openSync(file, 'r+')
    writeSync(opened, Buffer.alloc(size - 4096, 0xa5), 0, size - 4096, 4096)
    closeSync(opened)

    for (let i = 0; i < 100; i++) t.equal(await cache.get(`key-${i}`), undefined)
    t.equal(
      await cache.remember('new', { ttl: '1h', tags: ['tag'] }, () => 'computed'),
      'computed'
    )
    t.equal(await cache.get('new'), 'computed')
    await cache.invalidate(['tag'])
    t.equal(await cache.get('new'), undefined)
    t.equal(await cache.get('mine'), undefined)
    t.equal(
      behind(file, (db) => db.pragma('integrity_check', { simple: true })),
      'ok'
    )
  }
)
