import { join } from 'node:path'
import t from 'tap'
import { parseArguments } from '../src/import/arguments.js'
import { openCatalog } from '../src/db/open.js'
import { build } from './support/build.js'
import { connect } from './support/database.js'
import { runProgram } from './support/process.js'
import { shop, twoProducts } from './support/shop.js'

const PROGRAM = 'src/import/main.js'

t.test('a valid file, and its effect on running instances', async (t) => {
  const { directory, env, file } = await shop(t)
  const app = await build(t, directory)
  const search = async () =>
    (await app.inject('/api/products?q=tin+lasts')).json<{ total: number }>().total
  const count = async () => (await app.inject('/api/categories')).body
  t.equal(await search(), 0)
  t.equal((await app.inject('/api/products/10001')).statusCode, 404)
  const before = await count()

  const { code, stdout, stderr } = await runProgram(
    t,
    PROGRAM,
    [await file('products.csv', twoProducts)],
    env
  )
  t.equal(code, 0)
  t.equal(stdout, 'Imported 2 rows: 2 new, 0 updated, 0 unchanged.\n')
  t.equal(stderr, 'Reading: 100%\nWriting 2 rows\n', 'plain progress without a terminal')
  t.equal(await search(), 1)
  t.equal((await app.inject('/api/products/10001')).statusCode, 200)
  t.not(await count(), before)
})

t.test('the first hundred bad rows are shown, all are counted', async (t) => {
  const { env, file } = await shop(t)
  const rows = Array.from({ length: 1_000 }, (_, index) =>
    index % 2 === 0 ? `S-${index},n,cookware,x` : `S-${index},n,nowhere,1`
  )
  const { code, stdout, stderr } = await runProgram(
    t,
    PROGRAM,
    [await file('products.csv', ['sku,name,category,price', ...rows].join('\n'))],
    env
  )
  t.equal(code, 1)
  t.equal(stdout, '')
  const shown = stderr.split('\n').filter((line) => line.startsWith('line '))
  t.equal(shown.length, 100)
  t.match(shown[0], 'line 2: price must be a whole number')
  t.match(shown[99], 'line 101: category "nowhere" does not exist')
  t.match(stderr, '… and 900 more\nNothing was imported: 1000 of 1000 rows are bad.\n')
})

t.test('a failed import is explained in one line', async (t) => {
  const { env, directory } = await shop(t)
  const missing = join(directory, 'nowhere.csv')
  t.match(await runProgram(t, PROGRAM, [missing], env), {
    code: 1,
    stdout: '',
    stderr: `Nothing was imported. The file ${missing} does not exist.\n`
  })
  t.match(await runProgram(t, PROGRAM, [directory], env), {
    code: 1,
    stderr: `Nothing was imported. ${directory} is a folder: name a file in it.\n`
  })
})

t.test('arguments', async (t) => {
  const { env, file, directory } = await shop(t)
  t.match(await runProgram(t, PROGRAM, ['--help'], env), {
    code: 0,
    stdout: /^Usage: /,
    stderr: ''
  })
  t.match(await runProgram(t, PROGRAM, [], env), {
    code: 2,
    stdout: '',
    stderr: /^FILE is missing\.\n\nUsage: /
  })
  t.match(parseArguments(['a.csv', 'b.csv']), { kind: 'wrong', problem: /^One FILE at a time/ })
  t.match(parseArguments(['a.csv', '--dry']), { kind: 'wrong', problem: /--dry/ })
  t.match(parseArguments(['a.csv', '--database=']), {
    kind: 'wrong',
    problem: /--database needs a path/
  })
  const elsewhere = join(directory, 'shop.db')
  await (await openCatalog(elsewhere)).close()
  t.match(
    await runProgram(
      t,
      PROGRAM,
      [await file('products.csv', twoProducts), '--database', elsewhere],
      env
    ),
    { code: 0 }
  )
  t.equal(connect(t, elsewhere).prepare('select count(*) from products').pluck().get(), 10_002)
})

t.test('an import does not create a shop', async (t) => {
  const { env, file, directory } = await shop(t)
  const products = await file('products.csv', twoProducts)
  const { code, stdout, stderr } = await runProgram(t, PROGRAM, [products], {
    ...env,
    DATA_DIR: join(directory, 'nowhere')
  })
  t.match({ code, stdout }, { code: 1, stdout: '' })
  t.equal(
    stderr,
    `Nothing was imported. CATALOG_ERR_NO_DATABASE: There is no database ${join(directory, 'nowhere', 'catalog.db')}: ` +
      "give the path of a running catalog's database with --database or DATA_DIR, or start the catalog first.\n"
  )
})

t.test(
  'with Redis unavailable, the products are imported, and their invalidation waits for an instance',
  async (t) => {
    const { directory, env, file, value } = await shop(t)
    const away = { ...env, REDIS_URL: join(directory, 'redis.sock') }
    const { code, stdout, stderr } = await runProgram(
      t,
      PROGRAM,
      [await file('products.csv', twoProducts)],
      away
    )
    t.equal(code, 0)
    t.equal(stdout, 'Imported 2 rows: 2 new, 0 updated, 0 unchanged.\n')
    t.match(
      stderr,
      /Cached responses could not be invalidated from here: the running instances do so/
    )
    t.equal(value('select count(*) from products'), 10_002)
    t.equal(value('select tag from weir_outbox_tags'), '"catalog"')
  }
)
