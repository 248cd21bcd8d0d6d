import t from 'tap'
import { hashOf, loginCodeIn, parseHash } from '../hash.js'
import { bounds, boundsBefore, moved, rangeIn, rangeQuery, RANGES } from '../ranges.js'

t.test('a place, there and back', async (t) => {
  t.equal(hashOf([]), '#/')
  t.equal(hashOf(['shop', 'a/b'], { page: '2', q: '', category: undefined }), '#/shop/a%2Fb?page=2')
  const { path, query } = parseHash('#/shop/a%2Fb?page=2&q=a?b')
  t.strictSame(path, ['shop', 'a/b'])
  t.strictSame(Object.fromEntries(query), { page: '2', q: 'a?b' })
})

t.test('a login link has a code, and is the first page', async (t) => {
  t.equal(loginCodeIn('#login=1795938712000.a-b_c'), '1795938712000.a-b_c')
  t.strictSame(parseHash('#login=1795938712000.a-b_c').path, [])
  for (const hash of ['', '#/', '#login=', '#/login=x', '#/shop?#login=x']) {
    t.equal(loginCodeIn(hash), undefined, hash)
  }
})

t.test('what cannot be read is the first page', async (t) => {
  for (const hash of ['', '#', '#/', '#/%']) t.strictSame(parseHash(hash).path, [], hash)
})

const MINUTE = 60_000
const DAY = 1440
const NOW = Date.UTC(2026, 10, 20, 12, 34, 30)
const inQuery = (query: string, now = NOW) => rangeIn(new URLSearchParams(query), now)

t.test('stretches of time that end now, in whole minutes', async (t) => {
  t.equal(inQuery('').id, '15m')
  t.equal(inQuery('range=ages').id, '15m')
  t.equal(rangeIn(new URLSearchParams(), NOW, '30d').id, '30d')
  for (const range of RANGES) {
    t.equal(inQuery(`range=${range.id}`), range)
    t.ok(
      range.minutes / (range.step === 'minute' ? 1 : 60) <= 1500,
      'as many points as history gives'
    )
  }
  const quarter = inQuery('range=15m')
  t.equal(bounds(quarter, 100 * MINUTE + 1), `from=${86 * MINUTE}&to=${101 * MINUTE}`)
  t.equal(
    bounds(quarter, 100 * MINUTE + 59_999),
    bounds(quarter, 100 * MINUTE),
    'the same for a minute'
  )
})

t.test('fixed stretches of time', async (t) => {
  const end = Math.floor(NOW / MINUTE) * MINUTE
  const range = inQuery(`from=${end - 30 * MINUTE}&to=${end}`)
  t.match(range, { minutes: 30, step: 'minute', to: end })
  t.strictSame(rangeQuery(range), { from: String(end - 30 * MINUTE), to: String(end) })
  t.equal(bounds(range, NOW), bounds(range, NOW + 3_600_000), 'they do not move')
  t.equal(boundsBefore(range, NOW), `from=${end - 60 * MINUTE}&to=${end - 30 * MINUTE}`)
  t.strictSame(rangeQuery(inQuery('range=1h')), { range: '1h' })
  t.match(inQuery(`from=${end - 10}&to=${end - 5}`), { minutes: 2 }, 'at least two minutes')
  t.match(inQuery(`from=1&to=${end}`), { minutes: 31 * DAY, step: 'hour' }, 'at most 31 days')
  t.match(inQuery(`from=${end - 5 * DAY * MINUTE}&to=${end - 5 * DAY * MINUTE + 600_000}`), {
    step: 'hour'
  }, 'minutes are kept for two days')
  for (const wrong of [
    `from=${end}&to=${end}`,
    `from=${end + 9 * MINUTE}&to=${end + 20 * MINUTE}`,
    'from=x&to=y',
    `from=${end}`
  ]) {
    t.equal(inQuery(wrong).id, '15m', wrong)
  }
})

t.test('moves in time without a pointer', async (t) => {
  const hour = inQuery('range=1h')
  const end = Math.ceil(NOW / MINUTE) * MINUTE
  t.equal(moved(hour, 'later', NOW), undefined, 'it ends now')
  t.match(moved(hour, 'earlier', NOW), { minutes: 60, to: end - 30 * MINUTE })
  t.match(moved(hour, 'in', NOW), { minutes: 30, to: end - 15 * MINUTE })
  t.match(moved(hour, 'out', NOW), { minutes: 120, to: end })
  const earlier = moved(hour, 'earlier', NOW)
  t.match(earlier && moved(earlier, 'later', NOW), { minutes: 60, to: end })
  const shortest = inQuery(`from=${end - 60 * MINUTE}&to=${end - 58 * MINUTE}`)
  t.equal(moved(shortest, 'in', NOW), undefined)
  const longest = inQuery(`from=1&to=${end}`)
  t.equal(moved(longest, 'out', NOW), undefined)
})
