import t, { type Test } from 'tap'
import { isHit } from './cache-status.js'
import { stopClock } from './clock.js'
import { type Fields } from './origin.js'
import { proxiedApp, type ProxiedOptions } from './proxied-app.js'

type Case = readonly [rule: string, fields: Fields, seconds: number]

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
      { headers: fields, body: 'first' },
      { headers: { 'cache-control': 'no-store' }, body: 'second' }
    )
    const first = await get(path)
    for (const [name, value] of Object.entries(fields)) {
      if (typeof value === 'string') {
        t.equal(first.headers[name], value, `${rule}: ${name} is passed on`)
      }
    }
    if (seconds > 0) {
      clock.advance(seconds - 0.001)
      t.ok(isHit(await get(path)), `${rule}: fresh for ${seconds} s`)
      clock.advance(0.001)
    }
    t.equal((await get(path)).body, 'second', `${rule}: not longer than ${seconds} s`)
  }
}

const both = (
  cdn: string | readonly string[],
  cacheControl: string,
  more: Fields = {}
): Fields => ({ 'cdn-cache-control': cdn, 'cache-control': cacheControl, ...more })

t.test(
  'RFC 9213 2.2: CDN-Cache-Control replaces Cache-Control and Expires',
  async (t) => {
    await check(t, [
      ['alone', { 'cdn-cache-control': 'max-age=10' }, 10],
      ['shorter', both('max-age=10', 'max-age=100'), 10],
      ['longer', both('max-age=10', 'max-age=1'), 10],
      ['no-store is for others', both('max-age=10', 'no-store'), 10],
      ['private is for others', both('max-age=10', 'private'), 10],
      ['no-cache is for others', both('max-age=10', 'no-cache'), 10],
      ['s-maxage is for others', both('max-age=10', 's-maxage=100'), 10],
      ['Expires is for others', both('max-age=10', 'max-age=1', { expires: '0' }), 10],
      ['no-store is for us', both('no-store', 'max-age=100'), 0],
      ['private is for us', both('private, max-age=10', 'max-age=100'), 0],
      ['no-cache is for us', both('no-cache, max-age=10', 'max-age=100'), 0],
      ['max-age=0 is for us', both('max-age=0', 'max-age=100'), 0],
      ['s-maxage in it', both('max-age=1, s-maxage=10', 'max-age=100'), 10],
      ['several lines', both(['max-age=10', 'foo'], 'max-age=100'), 10],
      ['Age counts (2.3)', both('max-age=10', 'max-age=100', { age: '4' }), 6]
    ])
  }
)

t.test('RFC 9213 2.1: it is a structured field, and malformed values are ignored', async (t) => {
  await check(t, [
    ['a parameter', both('max-age=10;x=1', 'max-age=5'), 10],
    ['an unknown directive', both('max-age=10, foo="bar"', 'max-age=5'), 10],
    ['the last of two', both('max-age=1, max-age=10', 'max-age=5'), 10],
    ['a quoted integer', both('max-age="10"', 'max-age=5'), 5],
    ['a decimal', both('max-age=10.5', 'max-age=5'), 5],
    ['upper case', both('MAX-AGE=10', 'max-age=5'), 5],
    ['an empty member', both('max-age=10,', 'max-age=5'), 5],
    ['space around =', both('max-age =10', 'max-age=5'), 5],
    ['empty', both('', 'max-age=5'), 5],
    ['no dictionary', both('!', 'max-age=5'), 5],
    ['a no-store that cannot be read does not count either', both('no-store, !', 'max-age=5'), 5]
  ])
})

t.test('RFC 9213 2.2: targets of the route, the most applicable first', async (t) => {
  await check(
    t,
    [
      [
        'the first',
        {
          'weir-cache-control': 'max-age=10',
          'cdn-cache-control': 'max-age=20',
          'cache-control': 'max-age=30'
        },
        10
      ],
      [
        'the second where there is no first',
        { 'cdn-cache-control': 'max-age=20', 'cache-control': 'max-age=30' },
        20
      ],
      [
        'the second where the first cannot be read',
        { 'weir-cache-control': '!', 'cdn-cache-control': 'max-age=20' },
        20
      ],
      ['neither', { 'cache-control': 'max-age=30' }, 30]
    ],
    { targets: ['Weir-Cache-Control', 'cdn-cache-control'] }
  )
})

t.test('RFC 9213 2.2: a field that is not a target is ignored', async (t) => {
  await check(
    t,
    [
      [
        "another cache's",
        { 'other-cache-control': 'max-age=10', 'cache-control': 'max-age=5' },
        5
      ],
      [
        'CDN-Cache-Control where the route names others',
        { 'cdn-cache-control': 'max-age=10', 'cache-control': 'max-age=5' },
        5
      ]
    ],
    { targets: ['weir-cache-control'] }
  )
})

t.test(
  'RFC 9213 2.2: must-revalidate, stale windows and credentials are those of the targeted field',
  async (t) => {
    const clock = stopClock(t)
    const { origin, get } = await proxiedApp(t, { cache: { staleIfError: '1m' } })
    const rows: readonly (readonly [fields: Fields, status: number])[] = [
      [both('max-age=10', 'max-age=10'), 200],
      [both('max-age=10, must-revalidate', 'max-age=10'), 503],
      [both('max-age=10, proxy-revalidate', 'max-age=10'), 503],
      [both('max-age=10', 'max-age=10, must-revalidate'), 200]
    ]
    for (const [i, [headers, status]] of rows.entries()) {
      origin.on(`/${i}`, { headers }, { status: 503 })
      await get(`/${i}`)
      clock.advance(10)
      t.equal((await get(`/${i}`)).status, status, JSON.stringify(headers))
    }
    const authorization = 'Basic YTpi'
    for (const [path, headers, isShared] of [
      ['/public', both('public, max-age=10', 'private'), true],
      ['/not-public', both('max-age=10', 'public, s-maxage=10'), false]
    ] as const) {
      origin.always(path, { headers })
      await get(path, { authorization })
      t.equal(isHit(await get(path, { authorization })), isShared, path)
    }
  }
)

t.test(
  'RFC 9213 3.1: CDN-Cache-Control: none, beside no-store, lets only this cache store',
  async (t) => {
    stopClock(t)
    const { origin, get } = await proxiedApp(t)
    const headers = both('none', 'no-store', { etag: '"1"' })
    origin.on('/', { headers, body: 'text' }, { status: 304, headers: { etag: '"1"' } })
    await get('/')
    t.match(await get('/'), {
      status: 200,
      body: 'text',
      headers: { 'cache-control': 'no-store', 'cdn-cache-control': 'none' }
    })
    t.equal(origin.requests('/')[1]?.headers['if-none-match'], '"1"')
  }
)

t.test('RFC 9213 2.2: targeted fields are passed through, on hits too', async (t) => {
  const { origin, get } = await proxiedApp(t)
  const headers = both('max-age=10', 'max-age=5', { 'other-cache-control': 'max-age=1, foo="bar"' })
  origin.on('/', { headers })
  for (const answer of [await get('/'), await get('/')]) t.match(answer.headers, headers)
})
