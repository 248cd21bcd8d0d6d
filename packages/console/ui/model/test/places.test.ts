import t from 'tap'
import { hashOf, loginCodeIn, parseHash } from '../hash.js'
import { bounds, rangeOf, RANGES } from '../ranges.js'

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

t.test('stretches of time, in whole minutes', async (t) => {
  t.equal(rangeOf(null).id, '15m')
  t.equal(rangeOf('ages').id, '15m')
  for (const range of RANGES) {
    t.equal(rangeOf(range.id), range)
    t.ok(
      range.minutes / (range.step === 'minute' ? 1 : 60) <= 1500,
      'as many points as history gives'
    )
  }
  const minute = 60_000
  t.equal(bounds(rangeOf('15m'), 100 * minute + 1), `from=${86 * minute}&to=${101 * minute}`)
  t.equal(
    bounds(rangeOf('15m'), 100 * minute + 59_999),
    bounds(rangeOf('15m'), 100 * minute),
    'the same for a minute'
  )
})
