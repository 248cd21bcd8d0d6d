import { once } from 'node:events'
import { type RequestListener, createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { startNginx } from './nginx.js'

const DATE = 'Fri, 01 Jan 2021 00:00:00 GMT'

/** Answers with what it was sent. */
const echo: RequestListener = (request, response) => {
  text(request).then((body) => {
    response.setHeaders(new Headers({ date: DATE, etag: '"1"', 'cache-status': 'catalog-1; hit', 'content-type': 'application/json' }))
    response.end(JSON.stringify({ url: request.url, headers: request.headers, length: body.length }))
  }, () => { response.destroy() })
}

/** A server in place of an instance. */
async function instance (t: Test, listener: RequestListener): Promise<{ url: string, end (): void }> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  const end = (): void => {
    server.close()
    server.closeAllConnections()
  }
  t.teardown(end)
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('a TCP server without a port')
  return { url: `http://127.0.0.1:${address.port}`, end }
}

t.test('weir.conf passes requests and answers on as they came, and who sent them as seen', async (t) => {
  const { url } = await startNginx(t, { catalog: [(await instance(t, echo)).url] })
  const response = await fetch(`${url}/api/products/a%20b?q=%2F`, {
    headers: {
      'x-forwarded-for': '203.0.113.9',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'evil.example',
      forwarded: 'for=203.0.113.9',
      'x-request-id': 'r-1',
      'accept-encoding': 'gzip'
    }
  })
  t.match(Object.fromEntries(response.headers), { date: DATE, etag: '"1"', 'cache-status': 'catalog-1; hit' })
  t.equal(response.headers.get('content-encoding'), null)
  const host = new URL(url).host
  t.match(await response.json(), {
    url: '/api/products/a%20b?q=%2F',
    headers: {
      host,
      connection: undefined,
      forwarded: undefined,
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'http',
      'x-forwarded-host': host,
      'x-request-id': 'r-1'
    }
  })
  const forged = await fetch(`${url}/api/products`, { headers: { 'x-request-id': 'a b' } })
  t.match(await forged.json(), { headers: { 'x-request-id': /^[0-9a-f]{32}$/ } })
})

t.test('weir.conf says in problem details what nginx itself has to say', async (t) => {
  const upstream = await instance(t, echo)
  const { url } = await startNginx(t, { catalog: [upstream.url] })
  const post = (length: number): Promise<Response> => fetch(`${url}/api/products`, { method: 'POST', body: 'x'.repeat(length) })

  t.match(await (await post(1024 * 1024)).json(), { length: 1024 * 1024 })
  const tooLarge = await post(1024 * 1024 + 1)
  t.equal(tooLarge.status, 413)
  t.match(await tooLarge.json(), { status: 413, code: 'WEIR_ERR_BODY_TOO_LARGE' })
  const notFound = await fetch(`${url}/api/productsx`)
  t.equal(notFound.status, 404)
  t.equal(notFound.headers.get('content-type'), 'application/problem+json')
  t.match(await notFound.json(), { status: 404, code: 'WEIR_ERR_NO_SUCH_PATH' })

  upstream.end()
  const unavailable = await fetch(`${url}/api/products`)
  t.equal(unavailable.status, 503)
  t.equal(unavailable.headers.get('retry-after'), '1')
  t.match(await unavailable.json(), { status: 503, code: 'WEIR_ERR_NO_INSTANCE' })
})

t.test('weir.conf: an instance that is gone is not noticed by readers', async (t) => {
  const gone = await instance(t, echo)
  const { url } = await startNginx(t, { catalog: [gone.url, (await instance(t, echo)).url] })
  gone.end()
  for (let i = 0; i < 4; i++) {
    const response = await fetch(`${url}/api/categories`)
    t.equal(response.status, 200)
    await response.text()
  }
})
