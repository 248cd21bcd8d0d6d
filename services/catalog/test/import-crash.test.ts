import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { build } from './support/build.js'
import { killedAfterCommit, killedWhileWriting, runProgram } from './support/process.js'
import { shop, twoProducts } from './support/shop.js'

const PROGRAM = 'src/import/main.js'

/** Resolves when an instance in this process has delivered the invalidation left by another one. */
function relay (t: Test): Promise<unknown> {
  return new Promise((resolve) => {
    subscribe('weir:outbox:relay', resolve)
    t.teardown(() => unsubscribe('weir:outbox:relay', resolve))
  })
}

t.test(
  'an import that is killed between its commit and the invalidation loses nothing',
  async (t) => {
    const { database, directory, env, file, value } = await shop(t)
    const products = await file('products.csv', twoProducts)
    const running = await build(t, directory)
    const total = async (app: FastifyInstance) =>
      (await app.inject('/api/products?limit=1')).json<{ total: number }>().total
    t.equal(await total(running), 10_000)
    t.match((await running.inject('/api/products?limit=1')).headers, { 'cache-status': /; hit/ })

    const relayed = relay(t)
    await killedAfterCommit(t, database, PROGRAM, [products], env)
    t.equal(value('select count(*) from products'), 10_002, 'it had been committed')
    await relayed
    t.equal(await total(running), 10_002, 'the running instance delivers it')
    await running.close()

    const prices = await file('prices.csv', `${twoProducts}X-3,Third,cookware,1,,\n`)
    await killedAfterCommit(t, database, PROGRAM, [prices], env)
    t.equal(value('select count(*) from weir_outbox_tags'), 1, 'no instance is running to deliver it')
    const started = await build(t, directory)
    t.equal(
      await total(started),
      10_003,
      'the first instance to start does, before it serves what is cached'
    )
  }
)

t.test('an import that is killed while writing leaves the catalog unchanged', async (t) => {
  const { database, env, file, value } = await shop(t)
  await runProgram(t, PROGRAM, [await file('products.csv', twoProducts)], env)
  const rows = Array.from(
    { length: 20_000 },
    (_, index) =>
      `L-${index},Large Thing ${index},cookware,${index},1,${'A long description. '.repeat(20)}`
  )
  const large = await file(
    'large.csv',
    ['sku,name,category,price,stock,description', ...rows].join('\n')
  )
  await killedWhileWriting(t, database, PROGRAM, [large], env)

  t.equal(value('pragma integrity_check'), 'ok')
  t.equal(value('select count(*) from products'), 10_002)
  t.match(
    await runProgram(t, PROGRAM, [large], env),
    { code: 0, stdout: /Imported 20000 rows/ },
    'and it can be run again'
  )
  t.equal(value('select count(*) from products'), 30_002)
})
