import { findPostgres, startPostgres } from '@weir/internal/testing'
import pg from 'pg'
import { type Test } from 'tap'
import { openCatalog } from '../../src/db/open.js'

/** Starts a Postgres for a test file, with a sample shop that is copied for each test. */
export async function startShops (t: Test) {
  const programs = findPostgres()
  if (programs === undefined) throw new Error('Postgres is not installed')
  const { host, user } = await startPostgres(t, programs)
  const urlOf = (database: string) =>
    `postgres://${user}@/${database}?host=${encodeURIComponent(host)}`
  const admin = new pg.Pool({ connectionString: urlOf('postgres'), max: 1 })
  admin.on('error', () => {})
  t.teardown(() => admin.end())

  let databases = 0
  const newDatabase = async (template: string) => {
    const name = `shop_${++databases}`
    await admin.query(`create database ${name} template ${template}`)
    return urlOf(name)
  }
  const sample = await newDatabase('template0')
  await (await openCatalog(sample)).close()
  const shops = new Map<string, Promise<string>>()
  return {
    admin,
    newEmpty: () => newDatabase('template0'),
    newShop: () => newDatabase('shop_1'),
    /** Returns the shop of a folder: that of all instances which share it. */
    shopIn (this: void, directory: string) {
      const shop = shops.get(directory) ?? newDatabase('shop_1')
      shops.set(directory, shop)
      return shop
    },
    /** Opens a plain connection beside the service's own. */
    async connect (url: string) {
      const client = new pg.Client({ connectionString: url })
      client.on('error', () => {})
      await client.connect()
      t.teardown(() => client.end())
      return client
    }
  }
}
