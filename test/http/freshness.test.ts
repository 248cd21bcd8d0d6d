import t, { type Test } from 'tap'
import { isHit, ours } from './cache-status.js'
import { type Clock, stopClock } from './clock.js'
import { type Fields } from './origin.js'
import { proxiedApp, type ProxiedOptions } from './proxied-app.js'

/**
 * Header fields, given a function from seconds from now to HTTP-date; and for how many seconds they
 * are fresh.
 */
type Case = readonly [rule: string, fields: (at: Clock['at']) => Fields, seconds: number]

/**
 * Checks that a response with a lifetime of n seconds is a hit in their last millisecond, and not
 * after it.
 */
async function check (
  t: Test,
  cases: readonly Case[],
  cache: ProxiedOptions['cache'] = {}
): Promise<void> {
  const clock = stopClock(t)
  const { origin, get } = await proxiedApp(t, { cache })
  for (const [i, [rule, fields, seconds]] of cases.entries()) {
    const path = `/${i}`
    origin.on(
      path,
      { headers: fields(clock.at), body: 'first' },
      { headers: { 'cache-control': 'no-store' }, body: 'second' }
    )
    await get(path)
    if (seconds > 0) {
      clock.advance(seconds - 0.001)
      const last = await get(path)
      t.match(
        { body: last.body, ttl: ours(last)['ttl'], hit: isHit(last) },
        { body: 'first', ttl: 0, hit: true },
        `${rule}: fresh for ${seconds} s`
      )
      clock.advance(0.001)
    }
    t.equal((await get(path)).body, 'second', `${rule}: not longer than ${seconds} s`)
  }
}

const cacheControl =
  (value: string | readonly string[], more: Fields = {}) =>
    () => ({ 'cache-control': value, ...more })
const modified = (seconds: number) => (at: Clock['at']) => ({ 'last-modified': at(-seconds) })

t.test('RFC 9111 4.2.1: the first of s-maxage, max-age, Expires', async (t) => {
  await check(t, [
    ['max-age', cacheControl('max-age=10'), 10],
    ['s-maxage', cacheControl('s-maxage=10'), 10],
    ['s-maxage before max-age', cacheControl('max-age=5, s-maxage=10'), 10],
    ['s-maxage before a longer max-age', cacheControl('s-maxage=5, max-age=10'), 5],
    ['s-maxage=0', cacheControl('s-maxage=0, max-age=10'), 0],
    ['Expires', (at) => ({ expires: at(10) }), 10],
    ['max-age before Expires', (at) => ({ 'cache-control': 'max-age=10', expires: at(100) }), 10],
    [
      'max-age before an Expires that is over',
      (at) => ({ 'cache-control': 'max-age=10', expires: at(-100) }),
      10
    ],
    ['s-maxage before Expires', (at) => ({ 'cache-control': 's-maxage=10', expires: at(100) }), 10]
  ])
})

t.test('RFC 9111 1.2.2, 4.2.1: values of max-age', async (t) => {
  await check(t, [
    ['quoted', cacheControl('max-age="10"'), 10],
    ['leading zeros', cacheControl('max-age=0010'), 10],
    ['the first of two', cacheControl('max-age=10, max-age=100'), 10],
    ['the first of two lines', cacheControl(['max-age=10', 'max-age=100']), 10],
    ['a shorter second one', cacheControl('max-age=10, max-age=1'), 10],
    ['negative', cacheControl('max-age=-10'), 0],
    ['with a fraction', cacheControl('max-age=10.5'), 0],
    ['no number', cacheControl('max-age=ten'), 0],
    ['nothing', cacheControl('max-age='), 0],
    ['without a value', cacheControl('max-age'), 0],
    [
      'invalid is stale although Expires is not',
      (at) => ({ 'cache-control': 'max-age=x', expires: at(100) }),
      0
    ]
  ])
})

t.test('RFC 9111 1.2.2: seconds beyond the integer range count as the maximum', async (t) => {
  const clock = stopClock(t)
  const { origin, get } = await proxiedApp(t)
  for (const [i, value] of ['2147483648', '4294967296', '99999999999999999999999999'].entries()) {
    origin.on(`/${i}`, { headers: { 'cache-control': `max-age=${value}` } })
    await get(`/${i}`)
    clock.advance(365 * 86_400)
    t.ok(isHit(await get(`/${i}`)), value)
  }
})

t.test('RFC 9111 5.3: Expires', async (t) => {
  const rfc850 = (date: string) => {
    const [, day, month, year, time] = /^\w+, (\d+) (\w+) \d\d(\d\d) (\S+)/.exec(date) ?? []
    return `${new Date(date).toLocaleDateString('en', { weekday: 'long', timeZone: 'UTC' })}, ${day}-${month}-${year} ${time} GMT`
  }
  const asctime = (date: string) => {
    const [, weekday, day, month, year, time] = /^(\w+), (\d+) (\w+) (\d+) (\S+)/.exec(date) ?? []
    return `${weekday} ${month} ${String(Number(day)).padStart(2)} ${time} ${year}`
  }
  await check(t, [
    ['RFC 850', (at) => ({ expires: rfc850(at(10)) }), 10],
    ['asctime', (at) => ({ expires: asctime(at(10)) }), 10],
    ['4.2: in lower case', (at) => ({ expires: at(10).toLowerCase() }), 10],
    ['the past', (at) => ({ expires: at(-10) }), 0],
    ['now', (at) => ({ expires: at(0) }), 0],
    ['0', () => ({ expires: '0' }), 0],
    ['-1', () => ({ expires: '-1' }), 0],
    ['nothing', () => ({ expires: '' }), 0],
    ['words', () => ({ expires: 'tomorrow' }), 0],
    ['4.2: another zone', (at) => ({ expires: at(1000).replace('GMT', '+0000') }), 0],
    ['4.2: no zone', (at) => ({ expires: at(1000).replace(' GMT', '') }), 0],
    ['0 forbids to guess', (at) => ({ expires: '0', 'last-modified': at(-1000) }), 0]
  ])
})

t.test('RFC 9111 4.2.2: heuristics, a tenth of the time since the modification', async (t) => {
  await check(t, [
    ['modified 1000 s ago', modified(1000), 100],
    ['modified 50 s ago', modified(50), 5],
    ['a year ago: a day at most', modified(365 * 86_400), 86_400],
    ['modified now', modified(0), 0],
    ['modified in the future', modified(-1000), 0],
    ['no date', () => ({ 'last-modified': 'yesterday' }), 0],
    [
      'not where there is max-age',
      (at) => ({ 'cache-control': 'max-age=5', 'last-modified': at(-1000) }),
      5
    ],
    ['not where there is Expires', (at) => ({ expires: at(5), 'last-modified': at(-1000) }), 5],
    [
      '5.2.2.9: public does not shorten it',
      (at) => ({ 'cache-control': 'public', 'last-modified': at(-1000) }),
      100
    ],
    ['counted from Date', (at) => ({ date: at(-10), 'last-modified': at(-1010) }), 90]
  ])
})

t.test('RFC 9111 4.2.3: time in transit counts as age', async (t) => {
  await check(t, [
    ['Age', cacheControl('max-age=10', { age: '4' }), 6],
    ['Age: 0', cacheControl('max-age=10', { age: '0' }), 10],
    ['as old as that', cacheControl('max-age=10', { age: '10' }), 0],
    ['older', cacheControl('max-age=10', { age: '100' }), 0],
    [
      '5.1: too large for an integer',
      cacheControl('max-age=10', { age: '99999999999999999999' }),
      0
    ],
    ['5.1: a list, of which the first counts', cacheControl('max-age=10', { age: '4, 7' }), 6],
    [
      '5.1: repeated, of which the first counts',
      cacheControl('max-age=10', { age: ['4', '7'] }),
      6
    ],
    ['5.1: negative is ignored', cacheControl('max-age=10', { age: '-4' }), 10],
    ['5.1: a fraction is ignored', cacheControl('max-age=10', { age: '4.5' }), 10],
    ['5.1: words are ignored', cacheControl('max-age=10', { age: 'old' }), 10],
    ['by Date alone', (at) => ({ 'cache-control': 'max-age=10', date: at(-4) }), 6],
    [
      'the higher of both: Age',
      (at) => ({ 'cache-control': 'max-age=10', date: at(-2), age: '4' }),
      6
    ],
    [
      'the higher of both: Date',
      (at) => ({ 'cache-control': 'max-age=10', date: at(-4), age: '2' }),
      6
    ],
    [
      'a Date in the future makes nothing younger',
      (at) => ({ 'cache-control': 'max-age=10', date: at(100) }),
      10
    ],
    ['no Date', cacheControl('max-age=10', { date: undefined }), 10],
    ['a Date that is none', cacheControl('max-age=10', { date: 'today' }), 10],
    ['Expires is a lifetime from Date', (at) => ({ expires: at(6), date: at(-4) }), 6],
    ['Expires, and Age', (at) => ({ expires: at(10), age: '4' }), 6],
    ['s-maxage too', cacheControl('s-maxage=10', { age: '4' }), 6]
  ])
})

t.test(
  'the ttl of a route fixes freshness in Weir, regardless of fields for other caches',
  async (t) => {
    await check(
      t,
      [
        ['nothing said', () => ({}), 10],
        ['longer', cacheControl('max-age=100'), 10],
        ['shorter', cacheControl('max-age=1'), 10],
        ['no-cache', cacheControl('no-cache'), 10],
        ['Expires', () => ({ expires: '0' }), 10],
        ['heuristics', modified(1000), 10],
        ['from when it was received', cacheControl('max-age=1', { age: '5' }), 10],
        ['but not of what must not be stored: no-store', cacheControl('no-store'), 0],
        ['private', cacheControl('private'), 0],
        ['Set-Cookie', () => ({ 'set-cookie': 'a=1' }), 0],
        [
          'RFC 9213: no-cache for caches like this one',
          () => ({ 'cdn-cache-control': 'no-cache' }),
          0
        ]
      ],
      { ttl: '10s' }
    )
  }
)

t.test('maxTtl of a route is an upper bound', async (t) => {
  await check(t, [
    ['longer', cacheControl('max-age=100'), 10],
    ['shorter', cacheControl('max-age=5'), 5],
    ['Expires', (at) => ({ expires: at(100) }), 10],
    ['heuristics', modified(1000), 10],
    ['it makes nothing storable', () => ({}), 0]
  ], { maxTtl: '10s' })
})

t.test('a route without heuristics', async (t) => {
  await check(
    t,
    [
      ['modified 1000 s ago', modified(1000), 0],
      ['public', (at) => ({ 'cache-control': 'public', 'last-modified': at(-1000) }), 0],
      [
        'what is explicit counts',
        (at) => ({ 'cache-control': 'max-age=10', 'last-modified': at(-1000) }),
        10
      ]
    ],
    { heuristic: false }
  )
})
