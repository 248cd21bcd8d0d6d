import t from 'tap'
import { exchanged, fieldsOf, pathOf, type Wish } from '../exchange.js'

const wish: Wish = { method: 'GET', path: '/api/products' }
const sent = { wish, who: 'anonymous', sentAt: 0, ms: 12 }

t.test('an answer, with what it means', async (t) => {
  t.match(
    exchanged(
      sent,
      200,
      new Map([
        ['cache-status', 'c-1; hit; ttl=5; detail=memory'],
        ['age', '3']
      ]),
      '{}'
    ),
    {
      ...sent,
      status: 200,
      outcome: 'l1',
      instance: 'c-1',
      problem: undefined
    }
  )
  t.match(exchanged(sent, 429, new Map([['retry-after', '7']]), '{"detail":"Slow down"}'), {
    outcome: 'limited', problem: { detail: 'Slow down', retryAfter: 7 }
  })
})

t.test('fields of a wish', async (t) => {
  t.strictSame(fieldsOf(wish, undefined), { 'cache-control': 'as-is' })
  t.strictSame(fieldsOf({ ...wish, bypass: true, ifNoneMatch: '"a"' }, 'x.y.z'), {
    'cache-control': 'no-cache', 'if-none-match': '"a"', authorization: 'Bearer x.y.z'
  })
  t.strictSame(
    fieldsOf(
      { ...wish, method: 'PATCH', ifMatch: '"a"', body: { type: 'application/json', text: '{}' } },
      undefined
    ),
    {
      'cache-control': 'as-is',
      'if-match': '"a"',
      'content-type': 'application/json'
    }
  )
})

t.test('paths of this origin, and no others', async (t) => {
  const of = (typed: string) => pathOf(typed, 'http://weir.example:8080')
  t.strictSame(of(' /api/products?limit=2#top '), { path: '/api/products?limit=2' })
  t.strictSame(of('api/products'), { path: '/api/products' })
  t.strictSame(of('http://weir.example:8080/x'), { path: '/x' })
  for (const typed of [
    '',
    '  ',
    'http://weir.example/x',
    '//elsewhere.example/x',
    'javascript:alert(1)',
    'http://['
  ]) { t.ok('mistake' in of(typed), typed) }
})
