import t from 'tap'
import { Counters, OUTCOMES } from '../src/index.js'

t.test('the difference contains only counts since the earlier totals', async (t) => {
  const counters = new Counters()
  const [a, b] = [counters.route('GET /a'), counters.route('GET /b')]
  a.tallies.l1.add(1, 10)
  a.reasons.add('PRIVATE')
  b.tallies.miss.add(1, 10)
  counters.filledBy.add('x')
  const before = counters.begin()
  t.strictSame(counters.since(before), { routes: [], filledBy: {}, denials: [] })

  a.tallies.l1.add(1, 5)
  a.tallies.bypass.add(1, 5)
  a.reasons.add('SET_COOKIE')
  counters.filledBy.add('x')
  counters.filledBy.add('y')
  counters.route('GET /c').tallies.l1.add(3, 1)
  const { routes, filledBy } = counters.since(before)
  t.match(routes, [
    {
      route: 'GET /a',
      outcomes: { l1: { count: 1, bytes: 5 }, bypass: { count: 1, bytes: 5 } },
      reasons: { SET_COOKIE: 1 }
    },
    {
      route: 'GET /c',
      outcomes: { l1: { count: 1, bytes: 1, latencySumMicros: 3000 } },
      reasons: {}
    }
  ])
  t.strictSame(Object.keys(routes[0]?.outcomes ?? {}), ['l1', 'bypass'])
  t.strictSame(filledBy, { x: 1, y: 1 })
  t.equal(a.tallies.l1.count, 2, 'the totals continue')
  t.equal(counters.count, 5)
})

t.test('reads of caches: counts since, by name', async (t) => {
  const reads = { l1: 0, l2: 0, coalesced: 0, stale: 0, misses: 0, savedMicros: 0 }
  const fragments = { cache: 'fragments', ...reads }
  const queries = { cache: 'queries', ...reads }
  let isMade = false
  const counters = new Counters(() => {
    if (!isMade) throw new Error('they are created later')
    return [{ ...fragments }, { ...queries }]
  })
  const first = counters.begin()
  isMade = true
  t.strictSame(
    counters.since(first),
    { routes: [], filledBy: {}, denials: [] },
    'what was not read is not told'
  )
  t.equal(counters.count, 0)
  Object.assign(fragments, { l1: 3, l2: 2, coalesced: 1, stale: 1, misses: 4, savedMicros: 900 })
  t.equal(counters.count, 10)
  t.strictSame(counters.since(first).caches, [{ ...fragments }])
  const second = counters.begin(first)
  t.equal(counters.since(second).caches, undefined)
  fragments.l1++
  queries.misses++
  t.strictSame(counters.since(second).caches, [
    { ...fragments, ...reads, l1: 1 },
    { ...queries, misses: 1 }
  ])
})

t.test('each outcome is counted separately', async (t) => {
  const counters = new Counters()
  const before = counters.begin()
  const { tallies } = counters.route('GET /a')
  OUTCOMES.forEach((outcome, i) => { for (let n = 0; n <= i; n++) tallies[outcome].add(1, 1) })
  const [counts] = counters.since(before).routes
  t.strictSame(
    OUTCOMES.map((outcome) => counts?.outcomes[outcome]?.count),
    OUTCOMES.map((_, i) => i + 1)
  )
})

t.test('names cannot fill memory', async (t) => {
  const counters = new Counters()
  const before = counters.begin()
  const route = counters.route('GET /a')
  route.tallies.l1.add(1, 1)
  for (let i = 0; i < 1000; i++) {
    route.reasons.add(`reason ${i}`)
    counters.filledBy.add(`instance ${i}`)
    counters.route(`GET /${i}`).tallies.l1.add(1, 1)
    counters.deny(route, 'policy', `user:${i}`)
  }
  route.reasons.add('x'.repeat(201))
  counters.deny(route, 'policy', 'x'.repeat(101))
  const { routes, filledBy, denials } = counters.since(before)
  t.equal(routes.length, 501)
  t.equal(routes.find(({ route }) => route === 'others')?.outcomes.l1?.count, 501)
  t.equal(Object.keys(routes[0]?.reasons ?? {}).length, 51)
  t.equal(routes[0]?.reasons['others'], 951)
  t.equal(filledBy['others'], 800)
  t.equal(denials.length, 101)
  t.strictSame(denials.at(-1), { route: 'GET /a', policy: 'policy', client: 'others', count: 901 })
  t.strictSame(Object.fromEntries(route.limited.copy()), { policy: 1001 })
})

t.test('names may be any text', async (t) => {
  const counters = new Counters()
  const before = counters.begin()
  counters.filledBy.add('__proto__')
  counters.filledBy.add('constructor')
  counters.filledBy.add('others')
  t.equal(
    JSON.stringify(counters.since(before).filledBy),
    '{"__proto__":1,"constructor":1,"others":1}'
  )
})

t.test('denied clients are reported for one minute', async (t) => {
  const counters = new Counters()
  const route = counters.route('GET /a')
  counters.begin()
  counters.deny(route, 'burst', 'user:1')
  counters.deny(route, 'burst', 'user:1')
  counters.deny(route, 'day', 'user:1')
  const before = counters.begin()
  counters.deny(route, 'burst', 'user:1')
  t.strictSame(counters.since(before).denials, [
    { route: 'GET /a', policy: 'burst', client: 'user:1', count: 1 }
  ])
})

t.test('the next minute copies only changed counts', async (t) => {
  const counters = new Counters()
  const [a, b] = [counters.route('GET /a'), counters.route('GET /b')]
  for (const { tallies } of [a, b]) tallies.l1.add(1, 10)
  const first = counters.begin()
  a.tallies.miss.add(5, 10)
  const second = counters.begin(first)
  t.equal(second.routes.get(b), first.routes.get(b))
  t.equal(second.routes.get(a)?.outcomes.l1, first.routes.get(a)?.outcomes.l1)
  t.strictSame([...second.routes], [...counters.begin().routes], 'with the same result as copying everything')
  a.tallies.miss.add(5, 10)
  t.match(counters.since(second).routes, [
    { route: 'GET /a', outcomes: { miss: { count: 1, latencySumMicros: 5000 } } }
  ])
  t.match(counters.since(first).routes, [{ route: 'GET /a', outcomes: { miss: { count: 2 } } }])
})
