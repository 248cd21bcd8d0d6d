import { setTimeout as delay } from 'node:timers/promises'
import { findPostgres, startPostgres, startPostgresAddress } from '@weir/internal/testing'
import t from 'tap'
import { access, editor } from './support/access.js'
import { build } from './support/build.js'

t.test('the primary is lost: cached reads go on, and writes again after the failover', async (t) => {
  const programs = findPostgres()
  if (programs === undefined) throw new Error('Postgres is not installed')
  // Otherwise the last acknowledged writes may be missing on the standby.
  const settings = { synchronous_standby_names: '*' }
  const primary = await startPostgres(t, programs, { settings })
  const standby = await startPostgres(t, programs, { primary })
  const { user, database, host } = standby
  const address = await startPostgresAddress(t, primary)
  const env = {
    ...access,
    DATABASE_URL: address.url,
    DATABASE_REPLICA_URL: `postgres://${user}@/${database}?host=${encodeURIComponent(host)}`,
    OUTBOX_LEASE: '30000'
  }
  const directory = t.testdir()
  const [a, b] = [await build(t, directory, env), await build(t, directory, env)]

  const read = async (app: typeof a, id: number) => {
    const response = await app.inject(`/api/products/${id}`)
    return { response, price: response.json<{ price: number }>().price }
  }
  let tried = 0
  const write = async (app: typeof a) => {
    const price = ++tried
    const response = await app.inject({
      method: 'PATCH', path: '/api/products/1', headers: editor, payload: { price }
    })
    return { response, price }
  }
  let acknowledged = 0
  /** Returns the status of the write, and checks reads of both instances after it. */
  const step = async (writer: typeof a) => {
    const { response, price } = await write(writer)
    if (response.statusCode === 200) acknowledged = price
    const least = acknowledged
    for (const app of [a, b]) {
      const seen = await read(app, 1)
      if (seen.response.statusCode === 200) t.ok(seen.price >= least, `${seen.price} >= ${least}`)
    }
    return response
  }

  for (let i = 0; i < 10; i++) t.equal((await step(i % 2 === 0 ? a : b)).statusCode, 200)
  const { price: cached } = await read(a, 2)
  t.equal((await read(b, 2)).price, cached)

  await primary.kill()
  for (let i = 0; i < 5; i++) {
    const began = performance.now()
    const response = await step(i % 2 === 0 ? a : b)
    t.ok(performance.now() - began < 5000)
    t.equal(response.statusCode, 503)
    t.match(response.json(), { code: 'CATALOG_ERR_DATABASE_UNAVAILABLE' })
    t.equal(response.headers['retry-after'], '1')
    for (const app of [a, b]) {
      const { response, price } = await read(app, 2)
      t.equal(response.statusCode, 200)
      t.equal(price, cached)
      t.match(response.headers['cache-status'], /hit/)
    }
    await delay(200)
  }
  t.equal((await a.inject('/api/products/3')).statusCode, 503, 'not cached')

  await standby.promote()
  address.leadTo(standby)
  const promoted = performance.now()
  while ((await step(a)).statusCode !== 200) await delay(20)
  t.comment(`writes again ${(performance.now() - promoted).toFixed(0)} ms after the promotion`)
  for (let i = 0; i < 10; i++) t.equal((await step(i % 2 === 0 ? a : b)).statusCode, 200)
  t.equal((await read(b, 1)).price, acknowledged)
  t.equal((await a.inject('/api/products/3')).statusCode, 200)
})
