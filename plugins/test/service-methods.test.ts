import t, { type Test } from 'tap'
import { buildService } from './support/service-app.js'

async function build (t: Test) {
  const { app } = await buildService(t)
  const handler = async () => 'ok'
  app.get('/items', handler)
  app.post('/items', handler)
  await app.register(async (child) => {
    child.route({ method: ['GET', 'PUT'], url: '/:id', handler })
    child.patch('/:id', handler)
    child.delete('/:id', handler)
    child.get('/new', handler)
    child.get('/:id/parts/:part(^\\d+$)', handler)
    child.post('/:from-:to.json', handler)
    child.put('/at::noon', handler)
    child.get('/maybe/:what?', handler)
  }, { prefix: '/items' })
  app.delete('/files/*', handler)
  app.options('/own', async (_request, reply) =>
    reply.header('allow', 'OPTIONS, BREW').send('mine')
  )
  app.get('/über', handler)
  app.addHttpMethod('MKCOL')
  app.route({ method: 'MKCOL', url: '/files/*', handler })
  return app
}

/** Paths with their methods. */
const PATHS: [path: string, allowed: string][] = [
  ['/items', 'GET, HEAD, POST, OPTIONS'],
  ['/items?limit=1', 'GET, HEAD, POST, OPTIONS'],
  ['/items/1', 'GET, HEAD, PUT, PATCH, DELETE, OPTIONS'],
  ['/items/', 'GET, HEAD, PUT, PATCH, DELETE, OPTIONS'],
  ['/items/%C3%A4', 'GET, HEAD, PUT, PATCH, DELETE, OPTIONS'],
  ['/items/new', 'GET, HEAD, PUT, PATCH, DELETE, OPTIONS'],
  ['/items/1/parts/2', 'GET, HEAD, OPTIONS'],
  ['/items/a-b.json', 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS'],
  ['/items/at:noon', 'GET, HEAD, PUT, PATCH, DELETE, OPTIONS'],
  ['/items/maybe', 'GET, HEAD, PUT, PATCH, DELETE, OPTIONS'],
  ['/items/maybe/x', 'GET, HEAD, OPTIONS'],
  ['/files/a/b', 'DELETE, OPTIONS, MKCOL'],
  ['/%C3%BCber', 'GET, HEAD, OPTIONS'],
  ['/health/live', 'GET, HEAD, OPTIONS'],
  ['/docs/json', 'GET, HEAD, OPTIONS']
]
const NO_PATHS = [
  '/',
  '/item',
  '/itemsx',
  '/items/1/parts/x',
  '/items/1/parts',
  '/items/1/2',
  '/own/x',
  '/%E0%A4%A'
]

t.test('a route without the resource is a 404 for its own method, for others a 405', async (t) => {
  const { app } = await buildService(t)
  app.get('/pages/*', (_request, reply) => { reply.callNotFound() })
  for (const method of ['GET', 'HEAD'] as const) {
    const answer = await app.inject({ method, url: '/pages/none.css' })
    t.equal(answer.statusCode, 404, method)
    t.equal(answer.headers.allow, undefined)
  }
  t.match((await app.inject('/docs/static/none.css')).json(), {
    status: 404,
    code: 'WEIR_ERR_ROUTE_NOT_FOUND'
  })
  t.equal(
    (await app.inject({ method: 'POST', url: '/pages/none.css' })).headers.allow,
    'GET, HEAD, OPTIONS'
  )
})

t.test('Allow lists what a path really answers', async (t) => {
  const app = await build(t)
  for (const [path, allowed] of PATHS) {
    const options = await app.inject({ method: 'OPTIONS', url: path })
    t.equal(options.statusCode, 204, path)
    t.equal(options.headers.allow, allowed, path)
    t.equal(
      options.headers['accept-patch'],
      allowed.includes('PATCH') ? 'application/json, application/merge-patch+json' : undefined
    )
    t.equal(options.body, '')
    for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const) {
      const answer = await app.inject({ method, url: path })
      const isAllowed = allowed.split(', ').includes(method)
      t.equal(answer.statusCode, isAllowed ? 200 : 405, `${method} ${path}`)
      if (isAllowed) continue
      t.equal(answer.headers.allow, allowed)
      t.equal(answer.headers['content-type'], 'application/problem+json')
      if (method !== 'HEAD') {
        t.match(answer.json(), {
          code: 'WEIR_ERR_METHOD_NOT_ALLOWED',
          detail: `${method} ${path.split('?')[0]} is not supported: use ${allowed}`
        })
      }
    }
  }
  for (const path of NO_PATHS) {
    for (const method of ['GET', 'POST', 'OPTIONS', 'DELETE'] as const) {
      const answer = await app.inject({ method, url: path })
      t.ok([400, 404].includes(answer.statusCode), `${method} ${path}: ${answer.statusCode}`)
      t.equal(answer.headers.allow, undefined)
      t.equal(answer.headers['content-type'], 'application/problem+json')
    }
  }
})

t.test('OPTIONS: preflights are answered, and routes of its own run', async (t) => {
  const app = await build(t)
  const preflight = { origin: 'https://shop.example', 'access-control-request-method': 'PATCH' }
  for (const url of ['/items/1', '/own', '/nowhere']) {
    const answer = await app.inject({ method: 'OPTIONS', url, headers: preflight })
    t.equal(answer.statusCode, 204, url)
    t.match(answer.headers, {
      'access-control-allow-origin': '*',
      'access-control-allow-methods': /PATCH/,
      'content-length': '0'
    })
  }
  for (const headers of [
    {},
    { origin: 'https://shop.example' },
    { 'access-control-request-method': 'PATCH' }
  ]) {
    t.equal(
      (await app.inject({ method: 'OPTIONS', url: '/items/1', headers })).statusCode,
      204,
      JSON.stringify(headers)
    )
    const own = await app.inject({ method: 'OPTIONS', url: '/own', headers })
    t.equal(own.body, 'mine')
    t.equal(own.headers.allow, 'OPTIONS, BREW')
    const nowhere = await app.inject({ method: 'OPTIONS', url: '/nowhere', headers })
    t.match(nowhere.json(), { status: 404, code: 'WEIR_ERR_ROUTE_NOT_FOUND' })
  }
  const other = await app.inject({
    method: 'OPTIONS',
    url: '/items',
    headers: { origin: 'https://shop.example' }
  })
  t.equal(other.headers['access-control-allow-origin'], '*', 'a page may read it')
})
