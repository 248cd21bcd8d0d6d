import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { buildApp } from '../src/app.js'

async function start (t: TestContext) {
  const app = await buildApp()
  t.after(() => app.close())
  return app
}

test('the second request is a hit', async (t) => {
  const app = await start(t)
  const miss = await app.inject('/products/kettle')
  assert.match(String(miss.headers['cache-status']), /fwd=uri-miss/)
  const hit = await app.inject('/products/kettle')
  assert.match(String(hit.headers['cache-status']), /; hit/)
  assert.deepEqual(hit.json(), { id: 'kettle', price: 50 })
})

test('a write takes effect at once', async (t) => {
  const app = await start(t)
  await app.inject('/products/kettle')
  await app.inject({ method: 'PUT', url: '/products/kettle', payload: { price: 45 } })
  const { headers, body } = await app.inject('/products/kettle')
  assert.match(String(headers['cache-status']), /fwd=uri-miss/)
  assert.equal(body, '{"id":"kettle","price":45}')
})

test('the eleventh write in a minute is rejected', async (t) => {
  const app = await start(t)
  const write = () => app.inject({ method: 'PUT', url: '/products/kettle', payload: { price: 45 } })
  for (let i = 0; i < 10; i++) assert.equal((await write()).statusCode, 200)
  const { statusCode, headers } = await write()
  assert.equal(statusCode, 429)
  assert.ok(Number(headers['retry-after']) > 0)
})
