import { setTimeout as wait } from 'node:timers/promises'
import { startCachingNginx } from '@weir/internal/testing'
import { createOutbox } from '@weir/outbox'
import t from 'tap'
import { createEdge, nginx } from '../src/index.js'
import { newDatabase } from './database.js'
import { startOrigin } from './origin.js'

t.test('nginx keeps a page for its own lifetime, and loses it by a purge', async (t) => {
  let version = 1
  const origin = await startOrigin(t, () => ({
    body: String(version), headers: { 'cache-control': 'no-cache', 'x-accel-expires': '3600' }
  }))
  const { url } = await startCachingNginx(t, origin.port)
  const database = await newDatabase(t)
  const db = database.connect()
  const edge = createEdge({
    db,
    destinations: [nginx({ urls: [url], pages: (tag) => [`/${tag}?a=1`, '/unused'], again: 300 })],
    pollInterval: 10
  })
  const outbox = createOutbox({ db, invalidate: async () => {}, edge })
  t.teardown(() => outbox.stop())
  await outbox.start()
  const get = async (path = '/page?a=1') => (await fetch(url + path)).text()
  const write = async () => {
    version++
    return outbox.deliver(await outbox.queue(['page']))
  }
  t.equal(await get(), '1')
  t.equal(await get('/other'), '1')
  t.equal(await get(), '1')
  t.equal(origin.requests, 2)
  t.equal(await write(), 'delivered')
  t.equal(await get(), '2')
  t.equal(await get('/other'), '1')

  // A response fetched during the purge is stored after it. The second purge ends it.
  await write()
  let go = () => {}
  origin.hold = new Promise((resolve) => { go = resolve })
  const reading = origin.held
  const early = get()
  await reading
  t.equal(await write(), 'delivered')
  origin.hold = undefined
  go()
  t.equal(await early, '3')
  t.equal(await get(), '3', 'old, within the bound')
  await wait(400)
  while (await get() !== '4') await wait(20)
})
