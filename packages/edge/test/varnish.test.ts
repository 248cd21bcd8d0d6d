import { setTimeout as wait } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { createOutbox } from '@weir/outbox'
import { createEdge, edgeTag, varnish, type EdgeDestination } from '../src/index.js'
import { newDatabase } from './database.js'
import { startOrigin } from './origin.js'
import { SECRET, varnishBefore } from './varnish.js'

let headers: Record<string, string> = {}
const versions = new Map<string, number>()
const origin = await startOrigin(t, (path) => path.startsWith('/headers')
  ? { body: '', headers }
  : {
      body: String(versions.get(path) ?? 1),
      headers: {
        'cache-control': 'no-cache', 'varnish-cache-control': 'max-age=3600', xkey: edgeTag(path)
      }
    })
// Compiling its configuration takes Varnish a second or two: all tests share one.
const cache = await varnishBefore(t, origin.port)
let worlds = 0

/** A fleet of one instance without a cache, with a page of its own. */
async function world (t: Test) {
  const database = await newDatabase(t)
  const path = `/${worlds++}`
  const get = async () => (await fetch(cache.url + path)).text()
  const outboxWith = (destination: Partial<EdgeDestination>) => {
    const db = database.connect()
    const edge = createEdge({
      db,
      destinations: [{ ...varnish({ urls: [cache.url], secret: SECRET }), ...destination }],
      pollInterval: 20,
      handover: 50
    })
    const outbox = createOutbox({ db, invalidate: async () => {}, edge, pollInterval: 50 })
    t.teardown(() => outbox.stop())
    const relayed = async () => {
      while ((await edge.status())[0]?.pending !== 0) await wait(10)
    }
    return { outbox, edge, relayed }
  }
  const write = async (outbox: ReturnType<typeof outboxWith>['outbox']) => {
    versions.set(path, (versions.get(path) ?? 1) + 1)
    return outbox.deliver(await outbox.queue([path]))
  }
  return { path, get, outboxWith, write }
}

t.test('a purge ends what is stored, and nothing else', async (t) => {
  const { path, get, outboxWith, write } = await world(t)
  const { outbox, relayed } = outboxWith({})
  const before = origin.requests
  t.equal(await get(), '1')
  const other = await (await fetch(`${cache.url}/other`)).text()
  t.equal(await get(), '1')
  t.equal(origin.requests - before, 2, 'the second one was a hit')
  t.equal(await write(outbox), 'delivered')
  t.equal(await get(), '2')
  versions.set('/other', 2)
  t.equal(await (await fetch(`${cache.url}/other`)).text(), other)
  const { headers } = await fetch(cache.url + path)
  t.equal(headers.get('xkey'), null)
  t.equal(headers.get('varnish-cache-control'), null)
  t.equal(headers.get('cache-control'), 'no-cache')
  await relayed()
})

t.test('a response fetched before a purge is neither stored nor shared after it', async (t) => {
  const { get, outboxWith, write } = await world(t)
  const { outbox } = outboxWith({})
  let go = () => {}
  origin.hold = new Promise((resolve) => { go = resolve })
  const reading = origin.held
  const early = get()
  await reading
  t.equal(await write(outbox), 'delivered')
  // Another request joins the fetch in progress, but began after the acknowledgement.
  const late = get()
  await wait(50)
  origin.hold = undefined
  go()
  t.equal(await early, '1')
  t.equal(await late, '2')
  t.equal(await get(), '2')
})

t.test('a Varnish that does not answer', async (t) => {
  const { get, outboxWith, write } = await world(t)
  const { outbox, edge, relayed } = outboxWith({ wait: 300, timeout: 100 })
  await outbox.start()
  t.equal(await get(), '1')
  await cache.freeze()
  t.equal(await write(outbox), 'unconfirmed', 'costs a write its bound')
  t.equal(outbox.isDrained(), true, 'and the fleet nothing')
  t.equal((await edge.status())[0]?.pending, 1)
  await cache.thaw()
  await relayed()
  t.equal(await get(), '2', 'the relay purges it afterwards')
})

t.test('a write waits for a Varnish that was killed until it is back', async (t) => {
  const { get, outboxWith, write } = await world(t)
  const { outbox } = outboxWith({ wait: true, timeout: 100 })
  await outbox.start()
  await get()
  await cache.kill()
  let isDone = false
  const done = write(outbox).then((outcome) => {
    isDone = true
    return outcome
  })
  await wait(200)
  t.equal(isDone, false)
  await cache.start()
  t.equal(await done, 'delivered')
  t.equal(await get(), '2')
})

t.test('the relay of another instance delivers what a dead writer has left', async (t) => {
  const { get, outboxWith, write } = await world(t)
  t.equal(await get(), '1')
  const { outbox: dead } = outboxWith({ purge: () => new Promise(() => {}), wait: 1, timeout: 50 })
  t.equal(await write(dead), 'unconfirmed')
  await dead.stop()
  t.equal(await get(), '1')
  const { outbox, relayed } = outboxWith({})
  await outbox.start()
  await relayed()
  t.equal(await get(), '2')
})

t.test('purging needs the secret and an address', async (t) => {
  const purge = (url: string, headers: Record<string, string>) =>
    fetch(url, { method: 'PURGE', headers }).then(({ status }) => status)
  const all = { 'weir-secret': SECRET, 'weir-tags': 'a' }
  t.equal(await purge(cache.url, { ...all, 'weir-secret': 'x', 'weir-expected': 'x' }), 403)
  t.equal(await purge(cache.url, { 'weir-tags': 'a' }), 403)
  t.equal(await purge(cache.url, { 'weir-secret': SECRET }), 400)
  t.equal(await purge(cache.url, all), 200)
  const other = await varnishBefore(t, origin.port, '"192.0.2.1";')
  t.equal(await purge(other.url, all), 403)
})

t.test('Varnish stores only what it may', async (t) => {
  const edge = { 'varnish-cache-control': 'max-age=60', xkey: 'a' }
  for (const [what, given, isStored] of [
    ['tagged, with a lifetime', edge, true],
    ['without tags', { 'varnish-cache-control': 'max-age=60' }, false],
    ['with a cookie', { ...edge, 'set-cookie': 'a=b' }, false],
    ['older than its lifetime', { ...edge, age: '60' }, false],
    ['no-store', { 'varnish-cache-control': 'no-store', 'cache-control': 'max-age=60' }, false],
    ['private', { ...edge, 'varnish-cache-control': 'private, max-age=60' }, false],
    ['no lifetime', { 'cache-control': 'no-cache' }, false],
    ['not from Weir', {}, false],
    ['not from Weir, with a lifetime', { 'cache-control': 'public, max-age=60' }, false],
    ['not from Weir, with another one', { expires: 'Fri, 01 Jan 2100 00:00:00 GMT' }, false],
    ['tagged, with a lifetime of Cache-Control', { xkey: 'a', 'cache-control': 'max-age=60' }, true]
  ] as const) {
    headers = given
    const before = origin.requests
    const url = `${cache.url}/headers?${encodeURIComponent(what)}`
    await (await fetch(url)).text()
    await (await fetch(url)).text()
    t.equal(origin.requests - before, isStored ? 1 : 2, what)
  }
  headers = { ...edge, age: '20' }
  await (await fetch(`${cache.url}/headers?age`)).text()
  const age = Number((await fetch(`${cache.url}/headers?age`)).headers.get('age'))
  t.ok(age >= 20 && age <= 22, `Age counts once: ${age}`)
})

t.test('requests for what is not stored do not wait for each other', async (t) => {
  headers = {}
  const get = () => fetch(`${cache.url}/headers?together`).then((answer) => answer.text())
  await get()
  let go = () => {}
  origin.hold = new Promise((resolve) => { go = resolve })
  const before = origin.requests
  const all = [get(), get(), get()]
  for (let i = 0; i < 200 && origin.requests - before < 3; i++) await wait(10)
  t.equal(origin.requests - before, 3)
  origin.hold = undefined
  go()
  await Promise.all(all)
})
