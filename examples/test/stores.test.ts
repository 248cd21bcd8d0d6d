import { findPostgres, startPostgres, startRedis } from '@weir/internal/testing'
import t from 'tap'
import { type Example, startExample } from './example.js'
import { followReadme } from './transcript.js'

// Examples on a real Redis and a real Postgres.
const programs = findPostgres()
const redis = await startRedis(t)

async function send ({ url }: Example, path: string, init: RequestInit = {}) {
  const response = await fetch(url + path, {
    ...init,
    headers: { 'content-type': 'application/json', connection: 'close', ...init.headers }
  })
  return {
    status: response.status,
    cacheStatus: response.headers.get('cache-status'),
    text: await response.text()
  }
}

t.test(
  'outbox-postgres',
  { skip: programs === undefined && 'Postgres is not installed' },
  async (t) => {
    const { host, user, database } = await startPostgres(t, programs ?? '')
    const DATABASE_URL = `postgres://${user}@localhost/${database}?host=${encodeURIComponent(host)}`

    await t.test('its README is correct', async (t) => {
      const example = await followReadme(t, 'outbox-postgres', {
        DATABASE_URL,
        CACHE_FILE: `${t.testdir()}/cache.db`
      })
      t.equal(await example.stop(), 0)
    })

    await t.test('an invalidation of a killed instance is delivered by another one', async (t) => {
      const env = { DATABASE_URL, REDIS_URL: redis.url }
      const [a, b] = [
        await startExample(t, 'outbox-postgres', env),
        await startExample(t, 'outbox-postgres', env)
      ]
      const put = (price: number, query = '') =>
        send(a, `/products/teapot${query}`, { method: 'PUT', body: JSON.stringify({ price }) })
      const priceAtB = async () => (await send(b, '/products/teapot')).text
      const [before, after] = [50, 45].map((price) => JSON.stringify({ id: 'teapot', price }))
      await put(50)
      t.equal(await priceAtB(), before)
      t.match(await send(b, '/products/teapot'), {
        text: before,
        cacheStatus: /; hit; .*detail=memory/
      })

      await t.rejects(put(45, '?crash=true'))
      t.equal(await a.ended, null, 'killed')
      // The write was not acknowledged: until it is delivered, both prices are correct. The stored
      // one is fresh for an hour.
      const deadline = performance.now() + 10_000
      while ((await priceAtB()) !== after && performance.now() < deadline);
      for (let i = 0; i < 10; i++) t.equal(await priceAtB(), after)
      t.equal(await b.stop(), 0)
    })
  }
)

t.test('rate-limits: two instances share one budget', async (t) => {
  const env = { REDIS_URL: redis.url }
  const instances = [
    await startExample(t, 'rate-limits', env, 2),
    await startExample(t, 'rate-limits', env, 2)
  ]
  const statuses: number[] = []
  for (let i = 0; i < 3; i++) {
    for (const instance of instances) statuses.push((await send(instance, '/')).status)
  }
  t.strictSame(statuses, [200, 200, 200, 200, 200, 429])
  for (const instance of instances) t.equal(await instance.stop(), 0)
})

for (const name of ['serverless', 'express-and-node-http', 'nestjs']) {
  t.test(`the README of ${name} is correct with Redis, too`, async (t) => {
    const example = await followReadme(t, name, { REDIS_URL: redis.url })
    t.match(await example.stop(), name === 'nestjs' ? null : 0)
  })
}

t.test('no connection to Redis is left', async (t) => {
  const client = await redis.connect()
  t.equal(String(await client.client('LIST')).trim().split('\n').length, 1)
})
