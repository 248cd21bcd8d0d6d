import { mock } from 'node:test'
import t, { type Test } from 'tap'
import { type EventStream, LiveFeed } from '../live-feed.js'

type Listener = (event: { readonly data?: unknown }) => void

/** An EventSource that the test controls. */
class Stream implements EventStream {
  readyState = 1
  readonly #listeners = new Map<string, Listener>()

  addEventListener (type: string, listener: Listener) {
    this.#listeners.set(type, listener)
  }

  close () {
    this.readyState = 2
  }

  tell (type: string, data?: unknown) {
    this.#listeners.get(type)?.({ data: JSON.stringify(data) })
  }
}

function feed (t: Test) {
  mock.timers.enable({ apis: ['setTimeout', 'Date'] })
  const streams: Stream[] = []
  const feed = new LiveFeed(() => {
    const stream = new Stream()
    streams.push(stream)
    return stream
  })
  t.teardown(() => {
    feed.stop()
    mock.timers.reset()
  })
  feed.start()
  const newest = () => {
    const stream = streams.at(-1)
    if (stream === undefined) throw new Error('Nothing was opened')
    return stream
  }
  return { feed, streams, newest }
}

t.test('ticks are kept for five minutes, invalidations up to a hundred', async (t) => {
  const { feed: live, newest } = feed(t)
  t.equal(live.state.get().phase, 'connecting')
  mock.timers.tick(1000)
  for (let at = 0; at < 400; at++) newest().tell('tick', { at })
  for (let at = 0; at < 150; at++) newest().tell('invalidated', { at })
  const { phase, heardAt, ticks, invalidations } = live.state.get()
  t.strictSame({ phase, heardAt }, { phase: 'live', heardAt: 1000 })
  t.strictSame([ticks.length, ticks[0]?.at, ticks.at(-1)?.at], [300, 100, 399])
  t.strictSame([invalidations.length, invalidations[0]?.at], [100, 50])
})

t.test('a connection that breaks is the browser\'s to mend', async (t) => {
  const { feed: live, streams, newest } = feed(t)
  newest().tell('tick', { at: 1 })
  newest().readyState = 0
  newest().tell('error')
  t.equal(live.state.get().phase, 'lost')
  t.equal(streams.length, 1)
  newest().tell('tick', { at: 2 })
  t.equal(live.state.get().phase, 'live')
})

t.test('an answer that is an error is asked for again', async (t) => {
  const { feed: live, streams, newest } = feed(t)
  newest().readyState = 2
  newest().tell('error')
  mock.timers.tick(1999)
  t.equal(streams.length, 1)
  mock.timers.tick(1)
  t.equal(streams.length, 2)
  t.equal(live.state.get().phase, 'lost')
  newest().tell('tick', { at: 1 })
  t.equal(live.state.get().phase, 'live')
})

t.test('silence is a loss, whatever the connection says', async (t) => {
  const { feed: live, streams, newest } = feed(t)
  newest().tell('tick', { at: 1 })
  mock.timers.tick(4999)
  t.equal(live.state.get().phase, 'live')
  mock.timers.tick(1)
  t.equal(live.state.get().phase, 'lost')
  t.strictSame(streams.map(({ readyState }) => readyState), [2, 1], 'the silent one is closed')
  streams[0]?.tell('tick', { at: 2 })
  t.equal(live.state.get().ticks.length, 1, 'what it says later is not heard')
  mock.timers.tick(5000)
  t.equal(streams.length, 3, 'nor does it wait for one that never answers')
})

t.test('who listens hears each invalidation, and that some may have been missed', async (t) => {
  const { feed: live, newest } = feed(t)
  const heard: unknown[] = []
  const unlisten = live.listen((event) => heard.push(event?.at))
  newest().tell('tick', { at: 1 })
  newest().tell('invalidated', { at: 2 })
  newest().tell('error')
  newest().tell('tick', { at: 3 })
  t.strictSame(heard, [2, undefined])
  unlisten()
  newest().tell('invalidated', { at: 4 })
  t.equal(heard.length, 2)
})

t.test('stopped, it opens nothing any more', async (t) => {
  const { feed: live, streams } = feed(t)
  live.stop()
  mock.timers.tick(60_000)
  t.equal(streams.length, 1)
})
