import t from 'tap'
import { isHit, ours } from './cache-status.js'
import { type Clock, stopClock } from './clock.js'
import { type Fields } from './origin.js'
import { proxiedApp } from './proxied-app.js'

// Headers of a response, and its expected age.
const ROWS: readonly (readonly [
  rule: string,
  fields: (at: Clock['at']) => Fields,
  age: number
])[] = [
  ['nothing', () => ({}), 0],
  ['Age', () => ({ age: '5' }), 5],
  ['Date', (at) => ({ date: at(-7) }), 7],
  ['both', (at) => ({ date: at(-7), age: '9' }), 9],
  ['a Date in the future', (at) => ({ date: at(70) }), 0],
  ['5.1: Age that is a list', () => ({ age: '5, 50' }), 5],
  ['5.1: Age that is none', () => ({ age: 'old' }), 0],
  ['5.1: Age that is negative', () => ({ age: '-5' }), 0]
]

t.test('RFC 9111 4, 4.2.3, 5.1: Age of a hit', async (t) => {
  const clock = stopClock(t)
  const { origin, get } = await proxiedApp(t)
  for (const [i, [rule, fields, age]] of ROWS.entries()) {
    const path = `/${i}`
    origin.on(path, { headers: { 'cache-control': 'max-age=1000', ...fields(clock.at) } })
    await get(path)
    for (const [later, expected] of [
      [0, age],
      [0.999, age],
      [0.001, age + 1],
      [41, age + 42]
    ] as const) {
      clock.advance(later)
      const hit = await get(path)
      t.strictSame(
        hit.lines.filter(([name]) => name === 'age'),
        [['age', String(expected)]],
        `${rule}: once, ${expected}`
      )
      t.equal(
        ours(hit)['ttl'],
        1000 - expected - (expected === age && later > 0 ? 1 : 0),
        `${rule}: ttl of Cache-Status`
      )
    }
  }
})

t.test('RFC 9111 1.2.2: Age is never more than 2147483648', async (t) => {
  const clock = stopClock(t)
  const { origin, get } = await proxiedApp(t, { cache: { ttl: '1h' } })
  for (const [i, age] of ['2147483648', '2147483700', '99999999999999999999'].entries()) {
    origin.on(`/${i}`, { headers: { age } })
    await get(`/${i}`)
    clock.advance(1)
    const hit = await get(`/${i}`)
    t.ok(isHit(hit))
    t.equal(hit.headers.age, '2147483648', age)
  }
})

t.test('RFC 9110 6.6.1: Date stays that of the origin, or the time of receipt', async (t) => {
  const clock = stopClock(t)
  const { origin, get } = await proxiedApp(t)
  const dated = clock.at(-7)
  origin.on('/dated', { headers: { 'cache-control': 'max-age=1000', date: dated } })
  origin.on('/undated', { headers: { 'cache-control': 'max-age=1000', date: undefined } })
  await get('/dated')
  await get('/undated')
  const received = clock.at(0)
  clock.advance(30)
  t.strictSame((await get('/dated')).lines.filter(([name]) => name === 'date'), [['date', dated]])
  t.strictSame(
    (await get('/undated')).lines.filter(([name]) => name === 'date'),
    [['date', received]]
  )
})

t.test(
  "RFC 9111 4.2.3: the origin's response time adds to its Age",
  async (t) => {
    const clock = stopClock(t)
    const { origin, get } = await proxiedApp(t)
    origin.on('/', () => {
      // The response leaves 20 s after the request.
      clock.advance(20)
      return { headers: { 'cache-control': 'max-age=100', age: '5', date: clock.at(-5) } }
    })
    await get('/')
    t.equal((await get('/')).headers.age, '25')
  }
)

t.test('RFC 9111 5.1: a forwarded response keeps its Age', async (t) => {
  stopClock(t)
  const { origin, get } = await proxiedApp(t)
  origin.on('/', { headers: { 'cache-control': 'no-store', age: '5' } })
  t.equal((await get('/')).headers.age, '5')
})
