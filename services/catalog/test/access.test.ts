import { createApiKey } from '@weir/fastify/auth'
import { loadEnv } from '@weir/fastify/service'
import t from 'tap'
import { catalogEnv } from '../src/env.js'
import { access, as } from './support/access.js'
import { build } from './support/build.js'
import { runProgram } from './support/process.js'
import { tempDir } from './support/temp-dir.js'

t.test('reading needs no role, writing needs editor', async (t) => {
  const { key, hash } = createApiKey('ci')
  const app = await build(t, undefined, {
    ...access,
    API_KEYS: `old:reader:${'0'.repeat(64)},ci:editor:pro:${hash}`
  })
  t.equal((await app.inject('/api/products/1')).statusCode, 200)
  const writes = [
    ['POST', '/api/products'],
    ['PUT', '/api/products/1'],
    ['PATCH', '/api/products/1'],
    ['DELETE', '/api/products/1'],
    ['POST', '/api/categories'],
    ['PUT', '/api/categories/pens'],
    ['DELETE', '/api/categories/pens']
  ] as const
  for (const [method, path] of writes) {
    t.equal((await app.inject({ method, path })).statusCode, 401, `${method} ${path}`)
    t.equal(
      (await app.inject({ method, path, headers: as('reader') })).statusCode,
      403,
      `${method} ${path}`
    )
  }
  const patch = async (headers: Record<string, string>) =>
    (
      await app.inject({
        method: 'PATCH',
        path: '/api/products/1',
        headers,
        payload: { price: 1 }
      })
    ).statusCode
  t.equal(await patch(as('editor')), 200)
  t.equal(await patch(as('admin')), 200)
  t.equal(await patch({ 'x-api-key': key }), 200)
  t.equal(await patch({ 'x-api-key': createApiKey('ci').key }), 401)
  const description = (await app.inject('/docs/json')).json<{
    paths: Record<string, Record<string, { security?: object[] }>>
  }>()
  t.same(description.paths['/api/products']?.['post']?.security, [{ bearer: [] }, { apiKey: [] }])
  t.equal(description.paths['/api/products']?.['get']?.security, undefined)
})

t.test('limits apply to all instances, with the cost of the route', async (t) => {
  const directory = await tempDir(t)
  const env = { ...access, RATE_LIMIT_ALLOW: '', RATE_LIMIT_DENY: '203.0.113.0/24' }
  const [a, b] = [await build(t, directory, env), await build(t, directory, env)]
  const limits = async (app: typeof a, path: string, headers: Record<string, string> = {}) =>
    (await app.inject({ path, headers })).headers

  // The budget recovers by a hundredth each 10 ms.
  t.match(await limits(a, '/api/products/1'), {
    ratelimit: /^"reads";r=199;t=2$/,
    'ratelimit-policy': '"reads";q=100;w=1;weir-burst=200'
  })
  t.match(await limits(b, '/api/products/1', as('reader', 'pro')), {
    'ratelimit-policy': '"reads";q=1000;w=1'
  })
  t.equal(
    (await a.inject({ path: '/api/products/1', remoteAddress: '203.0.113.1' })).statusCode,
    403
  )
  const write = (app: typeof a) =>
    app.inject({
      method: 'PATCH',
      path: '/api/products/1',
      headers: as('editor'),
      payload: { price: 1 }
    })
  t.match((await write(a)).headers['ratelimit'], '"writes-per-hour";r=3599;')
  t.match((await write(b)).headers['ratelimit'], '"writes-per-hour";r=3598;')
  t.match((await a.inject('/health/live')).headers['ratelimit'], undefined)
})

t.test('the environment', async (t) => {
  for (const [wrong, message] of [
    [{ JWT_SECRET: 'short' }, /JWT_SECRET .*openssl rand/],
    [{ API_KEYS: 'ci:root:00' }, /API_KEYS .*id:role:hash/],
    [{ INSTANCES: '0' }, /INSTANCES/]
  ] as const) {
    t.throws(() => loadEnv(catalogEnv, { ...wrong }), { code: 'WEIR_ERR_ENV', message })
  }
  const { code, stderr } = await runProgram(t, 'src/server.js', [], {
    PORT: '0',
    DATA_DIR: await tempDir(t),
    NODE_ENV: 'production',
    JWT_SECRET: ''
  })
  t.equal(code, 78)
  t.match(
    stderr,
    /^The environment is invalid: JWT_SECRET is required \(secret with which tokens are signed.*\n$/
  )
})

t.test('without a secret no token is accepted, not even one with a guessed secret', async (t) => {
  const app = await build(t, undefined, {})
  t.equal((await app.inject('/api/products/1')).statusCode, 200)
  t.equal((await app.inject({ path: '/api/products/1', headers: as('admin') })).statusCode, 401)
})
