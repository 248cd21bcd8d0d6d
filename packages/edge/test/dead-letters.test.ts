import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { setTimeout as wait } from 'node:timers/promises'
import { createOutbox, type Fleet } from '@weir/outbox'
import t, { type Test } from 'tap'
import { createEdge, type EdgeDestination, EdgeError, type EdgeOptions, nginx } from '../src/index.js'
import { newDatabase } from './database.js'

/** An outbox with one destination, whose rows the relay has at once. */
async function world (
  t: Test, destination: Partial<EdgeDestination>, options: Partial<EdgeOptions> = {}
) {
  const database = await newDatabase(t)
  const db = database.connect()
  const purged: string[] = []
  const edge = createEdge({
    db,
    destinations: [{
      name: 'cdn', wait: true, timeout: 100, purge: async (tags) => { purged.push(...tags) }, ...destination
    }],
    handover: 0,
    pollInterval: 10,
    ...options
  })
  const outbox = createOutbox({ db, invalidate: async () => {}, edge })
  t.teardown(() => outbox.stop())
  const settled = async () => {
    while ((await edge.status()).some(({ pending }) => pending > 0)) await wait(10)
  }
  return { db, edge, outbox, purged, settled }
}

t.test('a refused tag becomes a dead letter, the others of its call are purged', async (t) => {
  const purged = new Set<string>()
  let refused: string | undefined = 'bad'
  const { edge, outbox, settled } = await world(t, {
    async purge (tags) {
      if (refused !== undefined && tags.includes(refused)) {
        throw new EdgeError('WEIR_EDGE_REFUSED', 'cdn answered 400', { status: 400 })
      }
      for (const tag of tags) purged.add(tag)
    }
  })
  const dead: unknown[] = []
  const listen = (message: unknown) => { dead.push(message) }
  subscribe('weir:edge:dead', listen)
  t.teardown(() => { unsubscribe('weir:edge:dead', listen) })
  await outbox.start()
  const ticket = await outbox.queue(['a', 'bad', 'b', 'c'])
  t.equal(await outbox.deliver(ticket), 'unconfirmed')
  await settled()
  t.strictSame([...purged].sort(), ['a', 'b', 'c'])
  const letters = await edge.deadLetters()
  t.match(letters, [{ destination: 'cdn', tag: 'bad', error: /cdn answered 400.*edge.retry/ }])
  t.match(dead, [{ destination: 'cdn', tags: ['bad'] }])
  t.match(await edge.status(), [{ destination: 'cdn', pending: 0, dead: 1 }])
  t.strictSame(await edge.deadLetters('other'), [])

  refused = undefined
  await edge.retry(letters)
  await settled()
  t.ok(purged.has('bad'))
  t.strictSame(await edge.deadLetters(), [])
  await t.rejects(edge.retry(letters), { code: 'WEIR_EDGE_INVALID_OPTION' })
})

t.test('dead letters have tags as users know them', async (t) => {
  const { edge, outbox, settled } = await world(t, {
    isRaw: true,
    purge: async () => { throw new EdgeError('WEIR_EDGE_REFUSED', 'no', { status: 403 }) }
  })
  const shown = {
    'product:42': 'product:42',
    'größe, rot #1': 'größe, rot #1',
    'weir:everything': 'weir:everything',
    '\u0001http://shop/a?b=1\n/:id\naccept:text/html': 'http://shop/a?b=1',
    '\u0001http://shop/a#': 'http://shop/a (any query)',
    '\u0001POST http://shop/a': 'POST http://shop/a',
    '\u0001fragment:menu': 'fragment:menu',
    '\u0001': ''
  }
  await outbox.start()
  await outbox.deliver(await outbox.queue(Object.keys(shown)))
  await settled()
  const letters = await edge.deadLetters()
  t.strictSame(letters.map(({ tag }) => tag).sort(), Object.values(shown).sort())
  await edge.discard(letters)
  t.strictSame(await edge.deadLetters(), [])
  const own = createEdge({
    destinations: [nginx({ urls: ['http://127.0.0.1:1'], pages: () => undefined })],
    handover: 0,
    pollInterval: 10
  })
  t.teardown(() => own.stop())
  own.start()
  await own.invalidate(['weir:everything'], async () => {})
  t.match(await own.deadLetters(), [{
    tag: 'weir:everything', error: /clear\(\).*proxy_cache_path.*nginx\.pages\(\)/
  }])
})

/** A fleet that has nothing to invalidate. */
const fleetOfNothing: Fleet = {
  enforce: async () => {},
  finish: async () => {},
  deliver: async () => 'delivered',
  queue: async (tags) => ({ id: '', tags, ids: [] })
}

t.test('a wrong token refuses everything at once', async (t) => {
  let calls = 0
  const { edge, outbox, settled } = await world(t, {
    async purge () {
      calls++
      throw new EdgeError('WEIR_EDGE_REFUSED', 'cdn answered 403', { status: 403 })
    }
  })
  await outbox.start()
  t.equal(await outbox.deliver(await outbox.queue(['a', 'b', 'c'])), 'unconfirmed')
  await settled()
  t.equal((await edge.deadLetters()).length, 3)
  t.ok(calls <= 4, `${calls} calls`)
})

t.test('a destination that stays down costs attempts, then a dead letter', async (t) => {
  let calls = 0
  const { edge, outbox, settled } = await world(t, {
    wait: 50,
    async purge () {
      calls++
      throw new Error('down')
    }
  }, { maxAttempts: 2 })
  t.equal(await outbox.deliver(await outbox.queue(['a'])), 'unconfirmed')
  await outbox.start()
  await settled()
  t.match(await edge.deadLetters(), [{ tag: 'a', error: 'down' }])
  t.ok(calls >= 6)
})

t.test('the fleet comes first, also for a row that a dead writer has left', async (t) => {
  const order: string[] = []
  const database = await newDatabase(t)
  const db = database.connect()
  const destination: EdgeDestination = {
    name: 'cdn', wait: true, purge: async (tags) => { order.push(`cdn ${tags.join()}`) }
  }
  const make = () => createEdge({ db, destinations: [destination], handover: 0, pollInterval: 10 })
  const writer = createOutbox({ db, invalidate: async () => {}, edge: make() })
  // Committed, and never delivered.
  await writer.queue(['left'])
  const edge = make()
  const outbox = createOutbox({
    db, edge, invalidate: async (tags) => { order.push(`fleet ${tags.join()}`) }, pollInterval: 900
  })
  t.teardown(() => outbox.stop())
  // The relay of the edge alone: nothing else has invalidated the fleet.
  edge.start()
  while (order.length < 2) await wait(5)
  t.strictSame(order, ['fleet left', 'cdn left'])
  order.length = 0
  await outbox.deliver(await outbox.queue(['b']))
  t.strictSame(order.filter((entry) => entry.endsWith('b')), ['fleet b', 'cdn b'])
})

t.test('a destination with `again` is purged a second time, by whichever instance has the relay', async (t) => {
  const at: number[] = []
  const { outbox, db } = await world(t, {
    again: 150, purge: async () => { at.push(performance.now()) }
  })
  await outbox.deliver(await outbox.queue(['a', 'a']))
  t.equal(at.length, 1)
  await outbox.start()
  while (at.length < 2) await wait(5)
  const [first = 0, second = 0] = at
  t.ok(second - first >= 140, `${second - first} ms later`)
  const rows = () => db.selectFrom('weir_outbox_tags').selectAll().execute()
  while ((await rows()).length > 0) await wait(5)
})

t.test('one relay at a time, and the next one takes over', async (t) => {
  const database = await newDatabase(t)
  const callers: string[] = []
  const start = async (name: string) => {
    const db = database.connect()
    const edge = createEdge({
      db,
      destinations: [{ name: 'cdn', purge: async () => { callers.push(name) } }],
      handover: 0,
      pollInterval: 10,
      claim: 300
    })
    edge.attach(fleetOfNothing)
    edge.start()
    t.teardown(() => edge.stop())
    return edge
  }
  const left = async (tag: string) => {
    const edge = createEdge({ db: database.connect(), destinations: [{ name: 'cdn', purge: async () => {} }] })
    await createOutbox({ db: database.connect(), invalidate: async () => {}, edge }).queue([tag])
  }
  const a = await start('a')
  await left('1')
  while (callers.length < 1) await wait(5)
  await start('b')
  await left('2')
  while (callers.length < 2) await wait(5)
  await a.stop()
  await left('3')
  while (callers.length < 3) await wait(5)
  t.strictSame(callers, ['a', 'a', 'b'])
})

t.test('a destination without `wait` costs a write nothing', async (t) => {
  let calls = 0
  const { outbox, edge, settled } = await world(t, {
    wait: false,
    purge: async () => { if (++calls < 5) throw new Error('down') }
  })
  t.equal(await outbox.deliver(await outbox.queue(['a'])), 'delivered')
  t.equal((await edge.status())[0]?.pending, 1)
  await outbox.start()
  await settled()
  t.equal(calls, 5)
})

t.test('mistakes in options', async (t) => {
  const { db } = await world(t, {})
  const destination: EdgeDestination = { name: 'cdn', purge: async () => {} }
  for (const [options, problem] of [
    [{ destinations: [destination, destination] }, /two have this name/],
    [{ destinations: [{ ...destination, name: 'a b' }] }, /letters, digits and hyphens/],
    [{ destinations: [destination], pollInterval: 0 }, /pollInterval 0/],
    [{ destinations: [{ ...destination, wait: -1 }] }, /cdn.wait -1/],
    [{ destinations: [{ ...destination, limit: { calls: 0, per: 1 } }] }, /cdn.limit.calls 0/]
  ] as const) {
    t.throws(() => createEdge({ db, ...options }), { code: 'WEIR_EDGE_INVALID_OPTION', message: problem })
  }
  const edge = createEdge({ db, destinations: [destination] })
  t.ok(edge)
})

t.test('a discarded letter is neither listed nor delivered again', async (t) => {
  const { edge, outbox, purged, settled } = await world(t, {
    purge: async () => { throw new EdgeError('WEIR_EDGE_REFUSED', 'cdn answered 403', { status: 403 }) }
  })
  await outbox.start()
  await outbox.deliver(await outbox.queue(['a', 'b']))
  await settled()
  const letters = await edge.deadLetters()
  const [first, second] = letters
  if (first === undefined || second === undefined) throw new Error('there are two letters')
  await edge.discard([first, { destination: 'other', id: second.id }])
  await edge.discard([first])
  t.strictSame(await edge.deadLetters(), [second])
  await t.rejects(edge.retry(letters), { code: 'WEIR_EDGE_INVALID_OPTION' })
  t.strictSame(await edge.deadLetters(), [second], 'all or none are put back')
  t.match(await edge.status(), [{ state: 'failing', error: /403/, confirmed: 0 }])
  t.strictSame(purged, [])
})
