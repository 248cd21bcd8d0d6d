import t from 'tap'
import { random } from '@weir/internal/testing'
import {
  article,
  build,
  fakeCatalog,
  FORM,
  signedIn,
  startFake,
  sunny,
  tempDir,
  tokenOf
} from './support/world.js'

const [catalog, weather] = await Promise.all([
  startFake(t, fakeCatalog([article(1), article(2)])),
  startFake(t, sunny)
])
const env = { CATALOG_ORIGIN: catalog.origin, WEATHER_ORIGIN: weather.origin }

t.test(
  'shared pages are the same for all clients, regardless of their headers; private ones are stored by no cache',
  async (t) => {
    const app = await build(t, { ...env, DATA_DIR: await tempDir(t) })
    const below = random(19)
    const pick = (list: readonly string[]): string => list[below(list.length)] ?? ''
    const cookies = [
      '',
      'theme=dark',
      `weir_shop=${tokenOf('reader')}`,
      `weir_shop=${tokenOf('editor')}; a=b`,
      'weir_shop=rubbish',
      `weir_shop=${tokenOf('admin', '-1s')}`
    ]
    const tokens = ['', tokenOf('reader'), tokenOf('editor')]
    const shared = new Map<string, string>()
    for (let i = 0; i < 150; i++) {
      const [cookie, token] = [pick(cookies), pick(tokens)]
      const headers = {
        accept: 'text/html',
        ...(cookie !== '' && { cookie }),
        ...(token !== '' && { authorization: `Bearer ${token}` }),
        ...(below(3) === 0 && { 'cache-control': pick(['no-cache', 'no-store', 'max-age=0']) })
      }
      const url = pick([
        '/shop',
        '/shop?category=lighting',
        '/shop/products/1',
        '/shop/products/2',
        '/shop/account',
        '/shop/account/box',
        '/shop?debug=cache'
      ])
      const { statusCode, body, headers: sent } = await app.inject({ url, headers })
      t.equal(statusCode, 200, `${url} ${JSON.stringify(headers)} ${body.slice(0, 200)}`)
      if (url.startsWith('/shop/account')) t.equal(sent['cache-control'], 'private, no-store')
      else {
        const key = url.replace('?debug=cache', '')
        t.equal(body, shared.get(key) ?? body, `${url} ${JSON.stringify(headers)}`)
        shared.set(key, body)
        t.notMatch(body, />(reader|editor|admin)</, url)
        t.equal(sent['set-cookie'], undefined)
      }
    }
    t.equal(shared.size, 4)
  }
)

t.test('an admin who inspects a page leaves no trace of it for others', async (t) => {
  const app = await build(t, { ...env, DATA_DIR: await tempDir(t) })
  for (const url of ['/shop', '/shop/products/1']) {
    const asked = (headers: Record<string, string>) =>
      app.inject({ url: `${url}?debug=cache`, headers: { accept: 'text/html', ...headers } })
    t.match((await asked(signedIn('admin'))).body, /What this page is made of/)
    const { body, headers } = await asked({})
    t.notMatch(body, /What this page|outlined/)
    t.equal(headers['cache-control'], 'public, no-cache')
  }
})

t.test('signing in and out, by a token or as a demo user', async (t) => {
  const app = await build(t, { ...env, DATA_DIR: await tempDir(t), DEMO_USERS: 'true' })
  const post = (url: string, payload: string, headers: Record<string, string> = {}) =>
    app.inject({
      method: 'POST',
      url,
      payload,
      headers: {
        'content-type': FORM,
        accept: 'text/html',
        'sec-fetch-site': 'same-origin',
        ...headers
      }
    })
  const token = tokenOf('editor')
  const done = await post('/shop/account/sign-in', `token=${token}`)
  t.equal(done.statusCode, 303)
  const cookie = String(done.headers['set-cookie'])
  for (const attribute of [
    /^weir_shop=/,
    /Max-Age=3\d{3}/,
    /Path=\/shop/,
    /HttpOnly/,
    /SameSite=Strict/
  ]) { t.match(cookie, attribute) }
  t.notMatch(cookie, /Secure/, 'over http')
  const box = await app.inject({
    url: '/shop/account/box?product=1',
    headers: { cookie: cookie.split(';', 1)[0] ?? '' }
  })
  t.match(box.body, /href="\/shop\/products\/1\/edit".*editor/s)

  /** Follows the link to the account on a product page, as without scripts. */
  const accountOf = async (headers: Record<string, string>) => {
    const { body } = await app.inject({ url: '/shop/products/1', headers: { accept: 'text/html' } })
    const [, url = ''] = /<nav class="account"[^>]*><a href="([^"]*)"/.exec(body) ?? []
    return app.inject({ url, headers: { accept: 'text/html', ...headers } })
  }
  const edit = /<a class="button" href="(\/shop\/products\/1\/edit)">Edit product 1</
  t.notMatch((await accountOf({})).body, edit)
  t.notMatch((await accountOf(signedIn('reader'))).body, edit)
  const [, form = ''] = edit.exec((await accountOf(signedIn('editor'))).body) ?? []
  t.match(await app.inject({ url: form, headers: signedIn('editor') }), { statusCode: 200 })
  const { body: signIn } = await accountOf({})
  t.match(signIn, '<input type="hidden" name="product" value="1">')
  const back = await post('/shop/account/sign-in', `token=${token}&product=1`)
  t.equal(back.headers.location, '/shop/account?product=1', 'signing in returns there')
  const again = await post('/shop/account/sign-in', 'token=x&product=1')
  t.match(again.body, '<input type="hidden" name="product" value="1">', 'also after a mistake')

  for (const bad of ['', 'x', tokenOf('editor', '-1s'), `${token.slice(0, -3)}abc`]) {
    const refused = await post('/shop/account/sign-in', `token=${bad}`)
    t.equal(refused.statusCode, 400)
    t.equal(refused.headers['set-cookie'], undefined)
    t.match(refused.body, /This token is not accepted/)
  }
  for (const role of ['reader', 'editor', 'admin']) {
    const { statusCode, headers } = await post('/shop/account/demo', `role=${role}`)
    t.equal(statusCode, 303)
    t.match(
      (
        await app.inject({
          url: '/shop/account',
          headers: { cookie: String(headers['set-cookie']).split(';', 1)[0] ?? '' }
        })
      ).body,
      `demo-${role}`
    )
  }
  t.equal((await post('/shop/account/demo', 'role=owner')).statusCode, 400)
  const own = 'http://shop.example'
  const pages: [referer: string, back: string][] = [
    [`${own}/shop?q=a%20b&page=2`, '/shop?q=a%20b&page=2'],
    [`${own}/shop/products/1/edit`, '/shop/products/1/edit'],
    [`${own}/shop/account`, '/shop'],
    [`${own}//evil.example/shop`, '/shop'],
    ['https://evil.example/shop/lab', '/shop'],
    ['nonsense', '/shop']
  ]
  for (const [referer, back] of pages) {
    const { body } = await app.inject({
      url: '/shop/account',
      headers: { host: 'shop.example', referer }
    })
    t.equal(/name="from" value="([^"]*)"/.exec(body)?.[1]?.replaceAll('&amp;', '&'), back, referer)
    t.equal(
      (
        await post(
          '/shop/account/demo',
          new URLSearchParams({ role: 'reader', from: back }).toString()
        )
      ).headers.location,
      back
    )
  }
  for (const from of [
    'https://evil.example',
    '//evil.example',
    '/shop/../..//evil.example',
    '/shop?a\r\nx: y',
    '/shop/products/1/edit/x',
    '/shop#x'
  ]) {
    t.equal(
      (await post('/shop/account/demo', new URLSearchParams({ role: 'reader', from }).toString()))
        .headers.location,
      '/shop',
      from
    )
  }
  t.match(
    (await post('/shop/account/sign-out', '', signedIn('reader'))).headers['set-cookie'],
    /Max-Age=0|Expires=Thu, 01 Jan 1970/
  )

  const plain = await build(t, { ...env, DATA_DIR: await tempDir(t) })
  t.notMatch((await plain.inject('/shop/account')).body, /Look around as/)
  const noDemo = await plain.inject({
    method: 'POST',
    url: '/shop/account/demo',
    payload: 'role=admin',
    headers: { 'content-type': FORM, 'sec-fetch-site': 'same-origin' }
  })
  t.equal(noDemo.statusCode, 404)
  t.equal(noDemo.headers['set-cookie'], undefined)
})

t.test('other sites cannot send these forms, and a role is required', async (t) => {
  const app = await build(t, {
    ...env,
    DATA_DIR: await tempDir(t),
    DEMO_USERS: 'true',
    TRUST_PROXY: '127.0.0.1'
  })
  const form = 'etag=%221-1%22&name=x&sku=x&price=1&stock=1&categoryId=1&description='
  const urls = [
    '/shop/products/1/edit',
    '/shop/account/sign-in',
    '/shop/account/demo',
    '/shop/account/sign-out'
  ]
  const status = async (url: string, headers: Record<string, string>) =>
    (
      await app.inject({
        method: 'POST',
        url,
        payload: url.endsWith('edit') ? form : 'role=reader&token=x',
        headers: { 'content-type': FORM, host: 'shop.example', ...headers }
      })
    ).statusCode
  const { cookie } = signedIn('editor')
  const foreign: Record<string, string>[] = [
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { 'sec-fetch-site': 'none' },
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: 'https://shop.example' },
    { origin: 'http://shop.example:81' },
    { 'sec-fetch-site': 'cross-site', origin: 'http://shop.example' },
    { 'sec-fetch-site': 'same-origin', origin: 'https://evil.example' },
    { 'sec-fetch-site': 'same-origin', origin: 'null' },
    {}
  ]
  for (const url of urls) {
    for (const headers of foreign) {
      t.equal(await status(url, { cookie, ...headers }), 403, `${url} ${JSON.stringify(headers)}`)
      t.equal(await status(url, headers), 403, `no cookie, ${url} ${JSON.stringify(headers)}`)
    }
    t.not(await status(url, { cookie, origin: 'http://shop.example' }), 403, url)
    t.not(
      await status(url, { cookie, origin: 'https://shop.example', 'x-forwarded-proto': 'https' }),
      403,
      url
    )
  }
  t.equal(catalog.asked.filter((path) => path === '/api/products/1').length > 0, true)
  const silent = await app.inject({
    method: 'POST',
    url: urls[2] ?? '',
    payload: 'role=admin',
    headers: { 'content-type': FORM, host: 'shop.example' }
  })
  t.match(
    silent.body,
    /does not declare which site it comes from: send it with the header Origin: http:\/\/shop\.example"/
  )
  t.equal(silent.headers['set-cookie'], undefined)
  const own = { 'sec-fetch-site': 'same-origin' }
  t.equal(await status('/shop/products/1/edit', own), 401)
  t.equal(await status('/shop/products/1/edit', { ...own, cookie: 'weir_shop=rubbish' }), 401)
  t.equal(await status('/shop/products/1/edit', { ...own, cookie: signedIn('reader').cookie }), 403)
  const secure = await app.inject({
    method: 'POST',
    url: '/shop/account/demo',
    payload: 'role=reader',
    headers: { 'content-type': FORM, ...own, 'x-forwarded-proto': 'https' }
  })
  t.match(secure.headers['set-cookie'], /; Secure/)
})
