import t from 'tap'
import { DEMO_LIMITS, DemoTraffic, type DemoTrafficOptions } from '../demo-traffic.js'

const PRODUCTS = JSON.stringify({ items: Array.from({ length: 9 }, (_, i) => ({ id: i + 1 })) })
const CATEGORIES = JSON.stringify({ items: [{ slug: 'a b' }] })
const bodies = new Map([['/api/categories', CATEGORIES], ['/api/products?limit=20', PRODUCTS]])

type Answer = Awaited<ReturnType<DemoTrafficOptions['send']>>
const found = (path: string): Answer => ({
  status: 200,
  outcome: 'l1',
  body: bodies.get(path) ?? ''
})

/** Creates demo traffic with a clock that tests control. */
function setUp (send: (path: string) => Promise<Answer> = async (path) => found(path)) {
  const paths: string[] = []
  let time = 0
  let beat: (() => void) | undefined
  let turn = 0
  const traffic = new DemoTraffic({
    send (path) {
      paths.push(path)
      return send(path)
    },
    every (_ms, run) {
      beat = run
      return () => { beat = undefined }
    },
    now: () => time,
    random: () => (turn++ % 50) / 50
  })
  /** Lets pending responses arrive, then advances the clock by one step. */
  const step = async (ms = 1000 / DEMO_LIMITS.perSecond) => {
    for (let i = 0; i < 5; i++) await Promise.resolve()
    time += ms
    beat?.()
    for (let i = 0; i < 5; i++) await Promise.resolve()
  }
  const begin = async () => {
    traffic.start()
    for (let i = 0; i < 5; i++) await Promise.resolve()
  }
  return { traffic, paths, step, begin, isTicking: () => beat !== undefined }
}

t.test('a run ends after a number of requests', async (t) => {
  const { traffic, paths, step, begin, isTicking } = setUp()
  await begin()
  traffic.start()
  for (let i = 0; i < DEMO_LIMITS.requests + 10; i++) await step(1)
  t.equal(paths.length, DEMO_LIMITS.requests)
  t.match(traffic.run.get(), {
    phase: 'done',
    sent: DEMO_LIMITS.requests,
    outcomes: { l1: DEMO_LIMITS.requests },
    unanswered: 0,
    problem: undefined
  })
  t.equal(isTicking(), false)
  t.ok(paths.includes('/api/products?category=a%20b'), 'paths come from the catalog')
  t.ok(paths.every((path) => path.startsWith('/api/')), 'requests are reads of this origin')
})

t.test('a run ends after a time', async (t) => {
  const { traffic, step, begin } = setUp()
  await begin()
  await step(DEMO_LIMITS.seconds * 1000 - 1)
  t.equal(traffic.run.get().phase, 'running')
  await step(1)
  t.match(traffic.run.get(), { phase: 'done', sent: 3 })
})

t.test('a run that is stopped counts no more responses, and another can begin', async (t) => {
  let answer: (answer: Answer) => void = () => {}
  const { traffic, step, begin, isTicking } = setUp((path) =>
    bodies.has(path) && traffic.run.get().sent <= 2
      ? Promise.resolve(found(path))
      : new Promise((resolve) => {
        answer = resolve
      })
  )
  await begin()
  await step()
  traffic.stop()
  answer(found(''))
  await step()
  t.match(traffic.run.get(), { phase: 'done', sent: 3, outcomes: { l1: 2 } })
  t.equal(isTicking(), false)
  await begin()
  t.match(traffic.run.get(), { phase: 'running', sent: 2 })
})

t.test('a slow fleet is sent no more than a few requests at a time', async (t) => {
  const { paths, step, begin } = setUp((path) =>
    paths.length <= 2 ? Promise.resolve(found(path)) : new Promise(() => {})
  )
  await begin()
  for (let i = 0; i < 50; i++) await step(1)
  t.equal(paths.length, 2 + 8)
})

t.test('a catalog that is not there, or goes away, ends the run with a reason', async (t) => {
  const none = setUp(async () => undefined)
  await none.begin()
  t.match(none.traffic.run.get(), { phase: 'done', unanswered: 2, problem: /is it running/ })

  const gone = setUp(async (path) => gone.paths.length <= 2 ? found(path) : undefined)
  await gone.begin()
  for (let i = 0; i < 10; i++) await gone.step(1)
  t.match(gone.traffic.run.get(), {
    phase: 'done',
    sent: 7,
    unanswered: 5,
    problem: '5 requests in a row had no response.'
  })
})
