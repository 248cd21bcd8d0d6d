import { setTimeout as wait } from 'node:timers/promises'
import { createOutbox } from '@weir/outbox'
import t, { type Test } from 'tap'
import { createEdge, type EdgeDestination, EdgeError, EVERYTHING } from '../src/index.js'
import { MemoryRows } from '../src/memory-rows.js'
import { edgeTag } from '../src/tags.js'
import { newDatabase } from './database.js'

/** A fleet with an outbox and an edge, or with an edge in memory; records what happens in order. */
async function world (
  t: Test, { isDurable, ...own }: { isDurable: boolean } & Partial<EdgeDestination>
) {
  const database = await newDatabase(t)
  const db = database.connect()
  const log: string[] = []
  const cdn: EdgeDestination = {
    name: 'cdn', wait: 200, timeout: 50, purge: async (tags) => { log.push(`cdn ${tags.join()}`) }, ...own
  }
  const options = { destinations: [cdn], handover: 0, pollInterval: 10 }
  const edge = createEdge(isDurable ? { db, ...options } : options)
  const fleet = async (tags: readonly string[]) => { log.push(`fleet ${tags.join()}`) }
  // The response cache does the same: whatever invalidates also passes it on.
  const invalidate = (tags: readonly string[]) => edge.invalidate(tags, () => fleet(tags))
  const outbox = isDurable ? createOutbox({ db, invalidate, edge }) : undefined
  t.teardown(() => outbox?.stop() ?? edge.stop())
  const start = async () => { await outbox?.start() ?? edge.start() }
  const settled = async () => {
    while ((await edge.status()).some(({ pending }) => pending > 0)) await wait(5)
  }
  return { db, edge, outbox, log, invalidate, start, settled }
}

t.test('without its database, a destination that is limited holds up nothing beyond its wait', async (t) => {
  const limited = new EdgeError('WEIR_EDGE_LIMITED', 'cdn answered 429', { retryAfter: 3_600_000 })
  const purge = async () => { throw limited }
  for (const [wait, unconfirmed] of [[30, ['cdn']], [false, []]] as const) {
    const { db, edge, invalidate } = await world(t, { isDurable: true, wait, purge })
    await db.schema.dropTable('weir_outbox_tags').execute()
    t.strictSame(await invalidate(['a']), unconfirmed)
    t.strictSame(await edge.invalidate(['a'], async () => {}, { isBounded: true }), [])
  }
})

t.test('many waiting writes are no leak', async (t) => {
  const warnings: Error[] = []
  const warn = (warning: Error) => { warnings.push(warning) }
  process.on('warning', warn)
  const never = () => new Promise<never>(() => {})
  const { invalidate } = await world(t, { isDurable: false, wait: 20, purge: never })
  await Promise.all(Array.from({ length: 20 }, (_, i) => invalidate([`${i}`])))
  process.off('warning', warn)
  t.strictSame(warnings, [])
})

for (const isDurable of [true, false]) {
  const where = isDurable ? 'with a database' : 'in memory'

  t.test(`${where}: an invalidation reaches the fleet, then the edge, once each`, async (t) => {
    const { edge, log, invalidate, start, settled } = await world(t, { isDurable })
    await start()
    t.strictSame(await invalidate(['a', 'b', 'a']), [])
    await settled()
    t.strictSame(log, ['fleet a,b,a', 'cdn a,b'])
    t.match(await edge.status(), [{ pending: 0, dead: 0, confirmed: 2, failed: 0, state: 'ok' }])
    t.strictSame(await invalidate([]), [])
  })

  t.test(`${where}: a destination that is down is named, and purged when it is back`, async (t) => {
    let isUp = false
    const purged: string[] = []
    const { edge, invalidate, start, settled } = await world(t, {
      isDurable,
      wait: 30,
      purge: async (tags) => {
        if (!isUp) throw new Error('down')
        purged.push(...tags)
      }
    })
    await start()
    t.strictSame(await invalidate(['a']), ['cdn'])
    t.match(await edge.status(), [{ pending: 1, state: 'failing', error: 'down' }])
    isUp = true
    await settled()
    t.strictSame([...new Set(purged)], ['a'])
  })

  t.test(`${where}: a refused purge is a dead letter, which can be put back or discarded`, async (t) => {
    let refuses = true
    const purged: string[] = []
    const { edge, invalidate, start, settled } = await world(t, {
      isDurable,
      purge: async (tags) => {
        if (refuses) throw new EdgeError('WEIR_EDGE_REFUSED', 'cdn answered 401', { status: 401 })
        purged.push(...tags)
      }
    })
    await start()
    t.strictSame(await invalidate(['a', 'b']), ['cdn'])
    await settled()
    const letters = await edge.deadLetters()
    t.match(letters, [{ tag: 'a', error: /401/ }, { tag: 'b' }])
    refuses = false
    await edge.discard(letters.slice(1))
    await edge.retry(letters.slice(0, 1))
    await settled()
    t.strictSame(purged, ['a'])
    t.strictSame(await edge.deadLetters(), [])
    await t.rejects(edge.retry(letters), { code: 'WEIR_EDGE_INVALID_OPTION' })
  })

  t.test(`${where}: purges are repeated for a cache that stores what was being fetched`, async (t) => {
    const { log, invalidate, start } = await world(t, { isDurable, again: 20 })
    await start()
    await invalidate(['a'])
    while (log.length < 3) await wait(5)
    t.strictSame(log, ['fleet a', 'cdn a', 'cdn a'])
  })

  t.test(`${where}: nothing beyond the fleet is waited for by a bounded write`, async (t) => {
    let go = () => {}
    const held = new Promise<void>((resolve) => { go = resolve })
    const purged: string[] = []
    const { edge, start, settled } = await world(t, {
      isDurable, timeout: 5000, purge: async (tags) => { await held; purged.push(...tags) }
    })
    await start()
    t.strictSame(await edge.invalidate(['a'], async () => {}, { isBounded: true }), [])
    t.strictSame(purged, [])
    t.match(await edge.status(), [{ pending: 1 }], 'and none is lost')
    go()
    await settled()
    t.ok(purged.includes('a'))
  })
}

t.test('a delivery of the outbox is passed on by the outbox alone', async (t) => {
  const { log, outbox, settled } = await world(t, { isDurable: true })
  t.equal(await outbox?.deliver(await outbox.queue(['a'])), 'delivered')
  await settled()
  t.strictSame(log, ['fleet a', 'cdn a'])
})

t.test('work that a delivery has started belongs to it only until its end', async (t) => {
  const { edge, log, invalidate } = await world(t, { isDurable: true })
  let go = () => {}
  const held = new Promise<void>((resolve) => { go = resolve })
  let later: Promise<unknown> = Promise.resolve()
  await edge.delivering(async () => {
    later = held.then(() => invalidate(['later']))
    await invalidate(['now'])
  })
  await wait(0)
  go()
  await later
  t.strictSame(log, ['fleet now', 'fleet later', 'cdn later'])
})

t.test('a fleet whose store fails: the outbox delivers, and everything at once fails', async (t) => {
  const { edge, log } = await world(t, { isDurable: true })
  const failing = async () => { throw new Error('Redis is gone') }
  t.strictSame(await edge.invalidate(['a'], failing), [])
  t.strictSame(log, ['fleet a', 'cdn a'], 'by the invalidation of the outbox')
  await t.rejects(edge.invalidate([EVERYTHING], failing), /Redis is gone/)
  const memory = await world(t, { isDurable: false })
  await t.rejects(memory.edge.invalidate(['a'], failing), /Redis is gone/)
  t.strictSame(memory.log, [])
})

t.test('a database that is gone: destinations are purged, and those that fail are named', async (t) => {
  let isUp = true
  const { db, invalidate, log } = await world(t, {
    isDurable: true,
    purge: async (tags) => {
      if (!isUp) throw new EdgeError('WEIR_EDGE_REFUSED', 'no')
      log.push(`cdn ${tags.join()}`)
    }
  })
  await db.schema.dropTable('weir_outbox_tags').execute()
  t.strictSame(await invalidate(['a']), [])
  t.strictSame(log, ['fleet a', 'cdn a'])
  isUp = false
  t.strictSame(await invalidate(['b']), ['cdn'])
})

t.test('more waiting purges than memory takes are replaced by one of everything', async (t) => {
  const purged: string[] = []
  let isUp = false
  const { edge, invalidate, start, settled } = await world(t, {
    isDurable: false,
    wait: false,
    maxTags: 10_000,
    maxBytes: 1e6,
    purge: async (tags) => {
      if (!isUp) throw new EdgeError('WEIR_EDGE_UNREACHABLE', 'down')
      purged.push(...tags)
    }
  })
  const batch = (first: number) => Array.from({ length: 10_000 }, (_, i) => `t${first + i}`)
  for (let i = 0; i < 5; i++) await invalidate(batch(i * 10_000))
  t.match(await edge.status(), [{ pending: 50_000, dead: 0 }])
  await invalidate(batch(50_000))
  t.match(await edge.status(), [{ pending: 1, dead: 0 }])
  await invalidate(['later'])
  t.match(await edge.status(), [{ pending: 2, dead: 0 }])
  isUp = true
  await start()
  await settled()
  for (const tag of [EVERYTHING, 'later']) t.ok(purged.includes(edgeTag(tag)), tag)
})

t.test('a write whose purge was replaced waits for the one of everything', async () => {
  const rows = new MemoryRows('cdn')
  const [first = ''] = rows.add(['a'])
  const many = rows.add(Array.from({ length: 50_000 }, (_, i) => `t${i}`))
  const [row] = await rows.page('', 10)
  t.equal(row?.tag, EVERYTHING)
  t.strictSame([await rows.hasAny([first]), await rows.hasAny(many)], [true, true])
  // The row's own purge has ended well, or another write's.
  await rows.finish([{ id: first, tag: 'a', created: '' }], undefined)
  t.equal(await rows.hasAny([first]), true)
  const [later = ''] = rows.add(['later'])
  if (row !== undefined) await rows.finish([row], undefined)
  t.strictSame(
    [await rows.hasAny([first, ...many]), await rows.hasAny([later])], [false, true])
})

t.test('an edge in memory has no outbox, and one with a database has to', async (t) => {
  const destinations = [{ name: 'cdn', purge: async () => {} }]
  const db = (await newDatabase(t)).connect()
  const edge = createEdge({ destinations })
  t.throws(() => createOutbox({ db, invalidate: async () => {}, edge }),
    { code: 'WEIR_EDGE_INVALID_OPTION' })
  await t.rejects(createEdge({ db, destinations }).invalidate(['a'], async () => {}),
    { code: 'WEIR_EDGE_NOT_ATTACHED' })
})
