import { once } from 'node:events'
import t from 'tap'
import { Viewers } from '../src/live/viewers.js'

t.test('all are sent the same', async (t) => {
  const viewers = new Viewers()
  viewers.send('tick', { at: 0 })
  const [a, b] = [viewers.add('a'), viewers.add('a')]
  viewers.send('tick', { at: 1 })
  for (const stream of [a, b]) {
    t.equal(String(stream.read()), 'retry: 1000\n\nevent: tick\ndata: {"at":1}\n\n')
  }
})

t.test('the number of viewers is limited, and a leaving viewer frees a place', async (t) => {
  const viewers = new Viewers({ most: 1 })
  const first = viewers.add('a')
  t.throws(() => viewers.add('a'), {
    code: 'STATS_ERR_TOO_MANY_VIEWERS',
    statusCode: 503,
    headers: { 'retry-after': '5' }
  })
  first.destroy()
  await once(first, 'close')
  t.ok(viewers.add('a'))
})

t.test('one client has a part of the places, and what it leaves is free at once', async (t) => {
  const viewers = new Viewers({ most: 5, mostOfClient: 2 })
  const streams = [viewers.add('a'), viewers.add('a')]
  t.throws(() => viewers.add('a'), {
    code: 'STATS_ERR_VIEWER_LIMIT',
    statusCode: 429,
    headers: { 'retry-after': '5' }
  })
  streams.push(viewers.add('b'), viewers.add('b'), viewers.add('c'))
  t.throws(() => viewers.add('d'), { code: 'STATS_ERR_TOO_MANY_VIEWERS', statusCode: 503 })
  t.throws(() => viewers.add('a'), { code: 'STATS_ERR_VIEWER_LIMIT' }, 'what it can change')
  streams[0]?.destroy()
  if (streams[0] !== undefined) await once(streams[0], 'close')
  t.ok(viewers.add('a'))
  t.equal(viewers.count, 5)
})

t.test('a viewer that does not read is disconnected, the others are not', async (t) => {
  const viewers = new Viewers({ backlog: 200 })
  const [slow, quick] = [viewers.add('a'), viewers.add('a')]
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

t.test('all streams end together, later ones at once', async () => {
  const viewers = new Viewers()
  const first = viewers.add('a')
  viewers.end()
  for (const stream of [first, viewers.add('a')]) {
    stream.resume()
    await once(stream, 'end')
  }
})
