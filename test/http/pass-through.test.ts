import t from 'tap'
import { type Scripted } from './origin.js'
import { proxiedApp } from './proxied-app.js'

const STATUSES = [
  200, 201, 202, 203, 204, 205, 300, 301, 302, 303, 307, 308, 400, 401, 402, 403, 404, 405, 406,
  408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 418, 421, 422, 423, 424, 425, 426, 428, 429,
  431, 451, 500, 501, 502, 503, 504, 505, 507, 508, 511, 299, 399, 499, 599
]
const BODILESS = [204, 205]

for (const method of ['GET', 'POST', 'DELETE']) {
  t.test(`every final status passes unchanged: ${method}`, async (t) => {
    const { origin, send } = await proxiedApp(t)
    for (const status of STATUSES) {
      const [path, body] = [`/${status}`, BODILESS.includes(status) ? '' : `the body of ${status}`]
      const headers = {
        ...(body !== '' && { 'content-type': 'text/x-own' }),
        'x-own': String(status),
        'cache-control': 'no-store',
        'www-authenticate': 'Basic',
        'retry-after': '7'
      }
      origin.on(path, { status, headers, body })
      t.match(await send(method, path), { status, body, headers, complete: true }, String(status))
      t.equal(origin.requests(path).length, 1, `${status}: it is asked for once`)
    }
  })
}

t.test('methods, queries, headers and bodies pass unchanged', async (t) => {
  const { origin, send } = await proxiedApp(t)
  for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
    const path = `/a%20b/%C3%A4/c?${method}=1&x=%2F&x=&y`
    const body =
      method === 'GET' || method === 'HEAD'
        ? undefined
        : JSON.stringify({ method, text: 'ä ☃'.repeat(1000) })
    const headers = {
      'x-own': 'some "thing"',
      authorization: 'Basic YTpi',
      cookie: 'a=1; b=2',
      accept: 'text/a, text/b;q=0.5',
      ...(body !== undefined && { 'content-type': 'application/x-own' })
    }
    origin.always(path, {
      status: 200,
      headers: { 'cache-control': 'no-store', 'x-answer': method },
      body: 'answer'
    })
    const answer = await send(method, path, { headers, ...(body !== undefined && { body }) })
    t.match(
      answer,
      { status: 200, headers: { 'x-answer': method }, body: method === 'HEAD' ? '' : 'answer' },
      method
    )
    t.match(origin.requests(path)[0], { method, path, headers, body: body ?? '' }, method)
  }
})

t.test('bodies of JSON, forms and text pass unchanged', async (t) => {
  const { origin, send } = await proxiedApp(t)
  const bodies = {
    'application/json': '{ "a" : 1,\n"b":[ ] }',
    'application/x-www-form-urlencoded': 'a=1&b=%20',
    'text/plain': 'text\r\n'
  }
  for (const [type, body] of Object.entries(bodies)) {
    origin.on('/', { status: 204 })
    await send('POST', '/', { headers: { 'content-type': type }, body })
    t.match(
      origin.requests('/').at(-1),
      { body, headers: { 'content-type': type, 'content-length': String(body.length) } },
      type
    )
  }
})

t.test('fields that forbid storing reach the client unchanged', async (t) => {
  const { origin, get } = await proxiedApp(t)
  const rows: readonly Scripted[] = [
    {
      headers: {
        'cache-control': 'no-store, private',
        'set-cookie': ['a=1; Path=/', 'b=2'],
        pragma: 'no-cache',
        expires: '0'
      }
    },
    { headers: { 'cache-control': 'max-age=60', vary: '*' } },
    {
      status: 401,
      headers: { 'cache-control': 'max-age=0', 'www-authenticate': 'Basic realm="a"' }
    }
  ]
  for (const [i, scripted] of rows.entries()) {
    origin.on(`/${i}`, scripted)
    const { headers, status } = await get(`/${i}`)
    t.match({ headers, status }, { headers: scripted.headers, status: scripted.status ?? 200 })
  }
})

t.test("error of the origin's connection", async (t) => {
  const { origin, get, send } = await proxiedApp(t)
  origin.always('/', 'drop')
  for (const answer of [
    await get('/'),
    await get('/'),
    await send('POST', '/', { body: 'x' }),
    await send('HEAD', '/')
  ]) {
    t.ok(answer.status >= 500, String(answer.status))
    t.ok(answer.complete)
  }
  t.equal(origin.requests('/').length, 4, 'it is not stored')
})
