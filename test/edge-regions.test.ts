import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { redisStore } from '@weir/cache/redis'
import { createEdge, edgeMigration, type EdgeSchema, region } from '@weir/edge'
import edgePlugin from '@weir/fastify/edge'
import invalidation from '@weir/fastify/invalidation'
import redis from '@weir/fastify/redis'
import responseCache from '@weir/fastify/response-cache'
import { startRedis } from '@weir/internal/testing'
import { createOutbox, ImmediateSqliteDialect, outboxMigration } from '@weir/outbox'
import Database from 'better-sqlite3'
import { fastify } from 'fastify'
import { Kysely } from 'kysely'
import t, { type Test } from 'tap'
import { tempDir } from './support/temp-dir.js'

const SECRET = 'the-secret-of-regions'

/** A database whose readers in the other region are `lag` ms behind. */
class Versions {
  #versions: { version: number, at: number }[] = [{ version: 1, at: -Infinity }]

  write (): number {
    const version = (this.#versions.at(-1)?.version ?? 0) + 1
    this.#versions.push({ version, at: performance.now() })
    return version
  }

  read (lag: number): number {
    const now = performance.now()
    return this.#versions.findLast(({ at }) => at <= now - lag)?.version ?? 1
  }
}

/** One region: an instance with a Redis of its own. */
async function startRegion (
  t: Test,
  versions: Versions,
  { lag = 0, other }: { lag?: number, other?: { url: string, wait: boolean, again: number } }
) {
  const { url } = await startRedis(t)
  const database = new Database(join(await tempDir(t), 'service.db'))
  const db = new Kysely<EdgeSchema>({ dialect: new ImmediateSqliteDialect({ database }) })
  await outboxMigration.up(db)
  await edgeMigration.up(db)
  const edge = createEdge({
    db,
    destinations: other === undefined ? [] : [region({ name: 'other', secret: SECRET, ...other })],
    handover: 200,
    pollInterval: 50
  })
  const app = fastify()
  const invalidate = (tags: readonly string[]) => app.responseCache.invalidate(tags)
  const outbox = createOutbox({ db, invalidate, edge })
  await app.register(redis, { url })
  await app.register(edgePlugin, { edge, regionSecret: SECRET })
  const store = redisStore({ client: app.redis })
  await app.register(responseCache, { store, origin: 'http://shop', outbox })
  await app.register(invalidation, { outbox })
  app.get('/', { config: { cache: { ttl: '1h', tags: ['version'] } } }, async () =>
    ({ version: versions.read(lag) }))
  app.put('/', { config: { invalidates: ['version'] } }, async () => ({ version: versions.write() }))
  await outbox.start()
  t.teardown(async () => {
    await outbox.stop()
    await app.close()
    await db.destroy()
  })
  const address = await app.listen({ port: 0, host: '127.0.0.1' })
  const read = async () => (await (await fetch(address)).json() as { version: number }).version
  const write = async () =>
    (await (await fetch(address, { method: 'PUT' })).json() as { version: number }).version
  return { address, read, write }
}

const percentile = (sorted: readonly number[], p: number) =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))] ?? 0

t.test('a region that a write waits for serves no old version after it', async (t) => {
  const versions = new Versions()
  const b = await startRegion(t, versions, {})
  const a = await startRegion(t, versions, { other: { url: b.address, wait: true, again: 10_000 } })
  for (let i = 0; i < 20; i++) {
    await Promise.all([a.read(), b.read()])
    const version = await a.write()
    t.strictSame(await Promise.all([a.read(), b.read()]), [version, version])
  }
})

t.test('without waiting, staleness across regions is bounded by one delivery', async (t) => {
  const versions = new Versions()
  const b = await startRegion(t, versions, {})
  const other = { url: b.address, wait: false, again: 10_000 }
  const a = await startRegion(t, versions, { other })
  const stale: number[] = []
  for (let i = 0; i < 20; i++) {
    await b.read()
    const version = await a.write()
    const acknowledged = performance.now()
    while (await b.read() !== version) await wait(1)
    stale.push(performance.now() - acknowledged)
  }
  stale.sort((x, y) => x - y)
  t.comment(`stale in the other region: p50 ${percentile(stale, 0.5).toFixed(1)} ms, ` +
    `p99 ${percentile(stale, 0.99).toFixed(1)} ms after the acknowledgement`)
  t.ok(percentile(stale, 0.5) < 1000)
})

t.test('a region whose database is behind is right after the second invalidation', async (t) => {
  const versions = new Versions()
  const b = await startRegion(t, versions, { lag: 300 })
  const a = await startRegion(t, versions, { other: { url: b.address, wait: true, again: 500 } })
  await b.read()
  await wait(310)
  await b.read()
  const version = await a.write()
  const acknowledged = performance.now()
  t.equal(await b.read(), version - 1, 'its replica has the old version, which is stored again')
  while (await b.read() !== version) await wait(5)
  const after = performance.now() - acknowledged
  t.ok(after >= 400 && after < 5000, `${after.toFixed(0)} ms`)
})
