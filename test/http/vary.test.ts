import t, { type Test } from 'tap'
import { isHit, ours } from './cache-status.js'
import { stopClock } from './clock.js'
import { type Sent } from './client.js'
import { type OriginRequest, type Scripted } from './origin.js'
import { proxiedApp } from './proxied-app.js'
import { gate } from './tally.js'

type Headers = NonNullable<Sent['headers']>
type Case = readonly [vary: string | readonly string[], first: Headers, second: Headers]

const namesIn = (vary: string | readonly string[] | undefined) => [
  ...new Set(
    [vary ?? '']
      .flat()
      .join()
      .toLowerCase()
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== '')
  )
]

/** Checks whether the second request gets the response stored for the first. */
async function check (t: Test, expected: 'match' | 'miss', cases: readonly Case[]): Promise<void> {
  const { origin, get } = await proxiedApp(t)
  for (const [i, [vary, first, second]] of cases.entries()) {
    const [path, rule] = [
      `/${i}`,
      `Vary: ${JSON.stringify(vary)}, ${JSON.stringify(first)} and ${JSON.stringify(second)}`
    ]
    const headers = { 'cache-control': 'max-age=60', vary }
    origin.on(path, { headers, body: 'first' }, { headers, body: 'second' })
    await get(path, first)
    const answer = await get(path, second)
    if (expected === 'match') { t.match({ body: answer.body, hit: isHit(answer) }, { body: 'first', hit: true }, rule) } else {
      t.match(
        { body: answer.body, fwd: ours(answer)['fwd'] },
        { body: 'second', fwd: 'vary-miss' },
        rule
      )
    }
    t.strictSame(namesIn(answer.headers.vary), namesIn(vary), `${rule}: Vary is told`)
    if (expected === 'match') continue
    for (const [request, body] of [[first, 'first'], [second, 'second']] as const) {
      const again = await get(path, request)
      t.match(
        { body: again.body, hit: isHit(again) },
        { body, hit: true },
        `${rule}: both are kept`
      )
    }
  }
}

t.test('RFC 9111 4.1: headers that match', async (t) => {
  await check(t, 'match', [
    ['accept-language', { 'accept-language': 'de' }, { 'accept-language': 'de' }],
    ['Accept-Language', { 'accept-language': 'de' }, { 'accept-language': 'de' }],
    ['accept-language', {}, {}],
    ['accept', { accept: 'text/a' }, { accept: 'text/a', 'accept-language': 'de' }],
    ['accept', { accept: 'text/a,text/b' }, { accept: 'text/a ,  text/b' }],
    ['accept', { accept: ['text/a', 'text/b'] }, { accept: 'text/a, text/b' }],
    ['x-a , ,X-B', { 'x-a': '1', 'x-b': '2' }, { 'x-a': '1', 'x-b': '2' }],
    [['x-a', 'x-b'], { 'x-a': '1', 'x-b': '2' }, { 'x-a': '1', 'x-b': '2' }],
    ['x-a, x-a', { 'x-a': '1' }, { 'x-a': '1' }],
    ['', { 'x-a': '1' }, { 'x-a': '2' }],
    ['cookie', { cookie: 'a=1' }, { cookie: 'a=1' }]
  ])
})

t.test('RFC 9111 4.1: headers that do not', async (t) => {
  await check(t, 'miss', [
    ['accept-language', { 'accept-language': 'de' }, { 'accept-language': 'en' }],
    ['ACCEPT-LANGUAGE', { 'accept-language': 'de' }, { 'accept-language': 'en' }],
    ['accept-language', { 'accept-language': 'de' }, {}],
    ['accept-language', {}, { 'accept-language': 'de' }],
    ['x-a', { 'x-a': '' }, {}],
    ['x-a', { 'x-a': 'a' }, { 'x-a': 'A' }],
    ['x-a , ,X-B', { 'x-a': '1', 'x-b': '2' }, { 'x-a': '1', 'x-b': '3' }],
    [['x-a', 'x-b'], { 'x-a': '1', 'x-b': '2' }, { 'x-a': '1', 'x-b': '3' }],
    ['x-a, x-b', { 'x-a': '1', 'x-b': '2' }, { 'x-a': '2', 'x-b': '1' }],
    ['accept', { accept: 'text/a, text/b' }, { accept: 'text/b, text/a' }],
    ['accept', { accept: 'text/a;p="x, y"' }, { accept: 'text/a;p="x,y"' }],
    ['cookie', { cookie: 'a=1; b=2' }, { cookie: 'b=2; a=1' }],
    ['user-agent', { 'user-agent': 'A (x, y)' }, { 'user-agent': 'A (x,y)' }],
    ['x-a', { 'x-a': '1\u00a02' }, { 'x-a': '1 2' }]
  ])
})

t.test(
  'RFC 9110 12.5.3, 12.5.4: equivalent Accept-Encoding and Accept-Language',
  async (t) => {
    const encodings = (a: string, b: string): Case => [
      'accept-encoding',
      { 'accept-encoding': a },
      { 'accept-encoding': b }
    ]
    const languages = (a: string, b: string): Case => [
      'accept-language',
      { 'accept-language': a },
      { 'accept-language': b }
    ]
    await check(t, 'match', [
      encodings('gzip, br', 'br,gzip'),
      encodings('GZIP', 'gzip'),
      encodings('gzip;q=1.0', 'gzip'),
      encodings('gzip; q=0.50', 'gzip;q=0.5'),
      encodings('x-gzip', 'gzip'),
      encodings('gzip, br;q=0', 'gzip'),
      encodings('br;q=0.5, gzip', 'gzip, br;q=0.5'),
      languages('DE', 'de'),
      languages('de-AT, en;q=0.8', 'en;q=0.8,de-at;q=1.0')
    ])
  }
)

t.test('RFC 9110 12.5.3, 12.5.4: different Accept-Encoding and Accept-Language', async (t) => {
  const encodings = (a: string, b: string): Case => [
    'accept-encoding',
    { 'accept-encoding': a },
    { 'accept-encoding': b }
  ]
  const languages = (a: string, b: string): Case => [
    'accept-language',
    { 'accept-language': a },
    { 'accept-language': b }
  ]
  await check(t, 'miss', [
    encodings('gzip', 'br'),
    encodings('gzip', 'gzip;q=0.5'),
    encodings('gzip', ''),
    encodings('gzip', 'gzip, identity;q=0'),
    encodings('gzip, *', 'gzip'),
    languages('de, en', 'en, de'),
    languages('de', 'de-AT'),
    languages('de, en;q=0.8', 'de, en;q=0.7')
  ])
})

const inLanguage = ({ headers }: OriginRequest): Scripted => {
  const language = headers['accept-language'] ?? 'none'
  return headers['if-none-match'] === `"${language}"`
    ? { status: 304, headers: { etag: `"${language}"` } }
    : {
        headers: {
          'cache-control': 'max-age=60',
          vary: 'accept-language',
          etag: `"${language}"`,
          'content-language': language
        },
        body: language
      }
}
const speaks = (language: string) => ({ 'accept-language': language })

t.test('each variant is stored, and validated by its own tag', async (t) => {
  const clock = stopClock(t)
  const { origin, get } = await proxiedApp(t)
  origin.always('/', inLanguage)
  const languages = ['de', 'en', 'fr', 'it', 'es', 'pt', 'nl', 'sv', 'da', 'fi']
  for (const language of languages) t.equal((await get('/', speaks(language))).body, language)
  for (const language of languages) {
    t.match(await get('/', speaks(language)), {
      body: language,
      headers: { 'cache-status': /; hit/ }
    })
  }
  clock.advance(60)
  for (const language of languages) {
    t.match(await get('/', speaks(language)), { status: 200, body: language })
    t.equal(origin.requests('/').at(-1)?.headers['if-none-match'], `"${language}"`)
  }
  t.equal(origin.requests('/').length, 20)
  for (const language of languages) {
    t.ok(isHit(await get('/', speaks(language))), 'and is fresh again')
  }
})

t.test(
  'each variant goes stale independently: during revalidation, and when the origin fails',
  async (t) => {
    const clock = stopClock(t)
    const { origin, get, answered } = await proxiedApp(t)
    const variant =
      (body: string) =>
        ({ headers }: OriginRequest): Scripted => ({
          headers: {
            'cache-control': 'max-age=60, stale-while-revalidate=10, stale-if-error=60',
            vary: 'accept-language'
          },
          body: `${headers['accept-language']} ${body}`
        })
    origin.on('/', variant('1'), variant('1'), variant('2'), { status: 503 })
    await get('/', speaks('de'))
    await get('/', speaks('en'))
    clock.advance(65)
    t.equal((await get('/', speaks('de'))).body, 'de 1')
    await answered('/', 4)
    t.equal(origin.requests('/')[2]?.headers['accept-language'], 'de')
    t.match(await get('/', speaks('de')), { body: 'de 2', headers: { 'cache-status': /; hit/ } })
    clock.advance(10)
    t.match(await get('/', speaks('en')), { status: 200, body: 'en 1' }, 'the origin fails')
    t.match(await get('/', speaks('de')), {
      status: 200,
      body: 'de 2',
      headers: { 'cache-status': /; hit/ }
    })
  }
)

t.test('a condition applies to the requested variant', async (t) => {
  stopClock(t)
  const { origin, get } = await proxiedApp(t)
  origin.always('/', inLanguage)
  await get('/', speaks('de'))
  await get('/', speaks('en'))
  t.equal((await get('/', { ...speaks('de'), 'if-none-match': '"de"' })).status, 304)
  t.match(await get('/', { ...speaks('de'), 'if-none-match': '"en"' }), { status: 200, body: 'de' })
})

t.test('HEAD is answered from its variant', async (t) => {
  stopClock(t)
  const { origin, get, send } = await proxiedApp(t)
  origin.always('/', inLanguage)
  await get('/', speaks('de'))
  await get('/', speaks('en'))
  const head = await send('HEAD', '/', { headers: speaks('de') })
  t.ok(isHit(head))
  t.equal(head.headers['content-language'], 'de')
})

t.test(
  'two concurrent first requests for different variants get their own',
  async (t) => {
    const { origin, get, arrived } = await proxiedApp(t)
    const { open, opened } = gate()
    origin.on('/', (request) => ({ ...inLanguage(request), after: opened }))
    origin.always('/', inLanguage)
    const languages = ['de', 'en', 'de', 'fr', 'en']
    const first = get('/', speaks('de'))
    await origin.received('/')
    const others = languages.map((language) => get('/', speaks(language)))
    await arrived('/', 6)
    open()
    t.equal((await first).body, 'de')
    t.strictSame(
      (await Promise.all(others)).map(({ body }) => body),
      languages
    )
    t.equal(origin.requests('/').length, 3, 'one for each variant')
  }
)

t.test('RFC 9111 4, 4.1: Vary that differs between responses', async (t) => {
  const clock = stopClock(t)
  const { origin, get } = await proxiedApp(t)
  const fresh = { 'cache-control': 'max-age=60' }
  origin.on('/', { headers: { ...fresh, vary: 'x-a' }, body: 'by a' })
  await get('/', { 'x-a': '1' })
  clock.advance(1)
  origin.on('/', { headers: { ...fresh, vary: 'x-b' }, body: 'by b' })
  t.equal((await get('/', { 'x-a': '2', 'x-b': '2' })).body, 'by b')
  origin.always('/', { headers: { 'cache-control': 'no-store' }, body: 'newer' })
  t.not(
    (await get('/', { 'x-a': '1', 'x-b': '2' })).body,
    'by a',
    'of two that match, the older is not used'
  )
  t.not((await get('/', { 'x-a': '2', 'x-b': '3' })).body, 'by b', 'it is for another x-b')
})

t.test('RFC 9111 4.1: a response without Vary does not replace variants', async (t) => {
  const { origin, get } = await proxiedApp(t)
  const fresh = { 'cache-control': 'max-age=60' }
  origin.on(
    '/',
    { headers: { ...fresh, vary: 'x-a' }, body: 'for 1' },
    { headers: fresh, body: 'for all' }
  )
  await get('/', { 'x-a': '1' })
  t.equal((await get('/', { 'x-a': '2' })).body, 'for all')
  t.not((await get('/', { 'x-a': '1', 'cache-control': 'only-if-cached' })).body, 'for all')
})

t.test('RFC 9111 4.1: an invalid field name matches nothing', async (t) => {
  const { origin, get } = await proxiedApp(t)
  origin.always('/', { headers: { 'cache-control': 'max-age=60', vary: 'accept, x y' } })
  await get('/')
  t.notOk(isHit(await get('/')))
})

t.test('vary of the route adds to Vary', async (t) => {
  const { origin, get } = await proxiedApp(t, { cache: { vary: ['X-Tenant'] } })
  origin.always('/', ({ headers }) => ({
    headers: { 'cache-control': 'max-age=60', vary: 'accept' },
    body: String(headers['x-tenant'])
  }))
  for (const tenant of ['a', 'b', 'a', 'b']) {
    const answer = await get('/', { 'x-tenant': tenant })
    t.equal(answer.body, tenant)
    t.match(answer.headers.vary, /x-tenant/i)
    t.match(answer.headers.vary, /accept/i)
  }
  t.equal(origin.requests('/').length, 2)
})
