import { once } from 'node:events'
import t from 'tap'
import { Viewers } from '../src/live/viewers.js'

t.test('all are sent the same', async (t) => {
  const viewers = new Viewers()
  viewers.send('tick', { at: 0 })
  const [a, b] = [viewers.add(), viewers.add()]
  viewers.send('tick', { at: 1 })
  for (const stream of [a, b]) t.equal(String(stream.read()), 'retry: 1000\n\nevent: tick\ndata: {"at":1}\n\n')
})

t.test('there is a bound, and whoever leaves makes room', async (t) => {
  const viewers = new Viewers({ most: 1 })
  const first = viewers.add()
  t.throws(() => viewers.add(), { code: 'STATS_ERR_TOO_MANY_VIEWERS', statusCode: 503, headers: { 'retry-after': '5' } })
  first.destroy()
  await once(first, 'close')
  t.ok(viewers.add())
})

t.test('who does not read is dropped, and nobody else', async (t) => {
  const viewers = new Viewers({ backlog: 200 })
  const [slow, quick] = [viewers.add(), viewers.add()]
  const dropped = once(slow, 'close')
  for (let at = 0; at < 10; at++) {
    viewers.send('tick', { at })
    quick.read()
  }
  await dropped
  t.equal(viewers.count, 1)
  viewers.send('tick', { at: 10 })
  t.match(String(quick.read()), '"at":10')
})

t.test('they end together, and whoever comes later at once', async () => {
  const viewers = new Viewers()
  const first = viewers.add()
  viewers.end()
  for (const stream of [first, viewers.add()]) {
    stream.resume()
    await once(stream, 'end')
  }
})
