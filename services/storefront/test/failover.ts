import { setTimeout as delay } from 'node:timers/promises'
import { findPostgres, startPostgres, startPostgresAddress } from '@weir/internal/testing'
import { type FastifyInstance } from 'fastify'
import pg from 'pg'
import { type Test } from 'tap'
import { build, FORM, signedIn, startCatalog, tempDir, tokenOf } from './support/world.js'

type Fields = Record<'etag' | 'sku' | 'name' | 'price' | 'stock' | 'categoryId' | 'description', string>

const EDIT = '/shop/products/5/edit'

const save = (shop: FastifyInstance, fields: Fields) =>
  shop.inject({
    method: 'POST',
    url: EDIT,
    headers: { ...signedIn('editor'), 'content-type': FORM },
    payload: new URLSearchParams(fields).toString()
  })

/** Reads the form of a product until there is one. */
async function openForm (shop: FastifyInstance): Promise<Fields> {
  for (;;) {
    const { statusCode, body } = await shop.inject({ url: EDIT, headers: signedIn('editor') })
    const etag = /name="etag" value="([^"]*)"/.exec(body)?.[1]?.replaceAll('&quot;', '"')
    if (statusCode === 200 && etag !== undefined) {
      const sku = /name="sku"[^>]*value="([^"]*)"/.exec(body)?.[1] ?? ''
      const categoryId = /<option value="(\d+)" selected>/.exec(body)?.[1] ?? ''
      return { etag, sku, categoryId, name: '', price: '1', stock: '1', description: 'x' }
    }
    await delay(20)
  }
}

/** Signs in; a session needs no database. */
async function signsIn (t: Test, shop: FastifyInstance): Promise<void> {
  const { statusCode, headers } = await shop.inject({
    method: 'POST',
    url: '/shop/account/sign-in',
    headers: { 'content-type': FORM, 'sec-fetch-site': 'same-origin' },
    payload: new URLSearchParams({ token: tokenOf('editor') }).toString()
  })
  t.equal(statusCode, 303)
  t.match(headers['set-cookie'], /weir_shop=/)
}

/** Kills the primary under two storefronts and a catalog, and promotes its synchronous standby. */
export async function survivesFailover (t: Test): Promise<void> {
  const programs = findPostgres()
  if (programs === undefined) throw new Error('Postgres is not installed')
  const primary = await startPostgres(t, programs, { settings: { synchronous_standby_names: '*' } })
  const standby = await startPostgres(t, programs, { primary })
  const address = await startPostgresAddress(t, primary)
  const env = { DATA_DIR: await tempDir(t), DATABASE_URL: address.url }
  const catalog = await startCatalog(t, env)
  const shops = await Promise.all([1, 2].map((n) =>
    build(t, { ...env, INSTANCE: `shop-${n}`, CATALOG_ORIGIN: catalog.origin })))
  const [one, two] = shops
  if (one === undefined || two === undefined) throw new Error('There are two')

  let [viewed, saved] = [0, '']
  /** Shows the product on both instances, and checks that it has the last name that was saved. */
  const view = async () => {
    for (const shop of shops) {
      const { statusCode, body } = await shop.inject('/shop/products/5')
      if (statusCode !== 200) continue
      viewed++
      t.ok(body.includes(saved), `${saved} is shown`)
    }
  }
  const rename = async (shop: FastifyInstance, fields: Fields, name: string) => {
    const { statusCode } = await save(shop, { ...fields, name })
    if (statusCode === 303) saved = name
    return statusCode
  }

  await signsIn(t, one)
  t.equal(await rename(one, await openForm(one), 'Before the failover'), 303)
  await view()
  const fields = await openForm(two)

  await primary.kill()
  for (let i = 0; i < 3; i++) {
    const began = performance.now()
    t.equal(await rename(two, fields, `Lost ${i}`), 503, 'nothing is acknowledged')
    t.ok(performance.now() - began < 8000)
    await signsIn(t, one)
    await view()
  }

  await standby.promote()
  address.leadTo(standby)
  const again = await openForm(one)
  t.match(again.etag, fields.etag, 'the version that was acknowledged last')
  t.equal(await rename(two, again, 'After the failover'), 303)
  await view()
  t.match(await one.inject('/shop/products/5'), { statusCode: 200, body: /After the failover/ })
  viewed++
  await Promise.all(shops.map((shop) => shop.close()))

  const client = new pg.Client({ ...standby })
  await client.connect()
  t.teardown(() => client.end())
  const { rows } = await client.query('select total::int from views where product = 5')
  t.equal(rows.length, 1)
  t.match(rows, [{ total: viewed }], 'every view is in the table of the new primary')
  const { rows: left } = await client.query('select count(*)::int as n from weir_outbox_tags')
  t.same(left, [{ n: 0 }], 'nothing is left undelivered')
}
