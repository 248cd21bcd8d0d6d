import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { ImportError } from '../src/import/import-error.js'
import { importFile } from '../src/import/import-file.js'
import { connect } from './support/database.js'
import { shop, twoProducts } from './support/shop.js'

const silent = { start () {}, advance () {}, stop () {}, write () {} }

async function importer (t: Test) {
  const { file, database, value, directory } = await shop(t)
  return {
    directory,
    database,
    value,
    importText: async (name: string, content: string | Buffer) =>
      await importFile(await file(name, content), database, silent)
  }
}

t.test('a CSV file is imported, and again without changing anything', async (t) => {
  const { importText, value } = await importer(t)
  t.same(await importText('products.csv', twoProducts), {
    refused: false,
    rows: 2,
    added: 2,
    updated: 0,
    unchanged: 0
  })
  t.equal(value('select count(*) from products'), 10_002)
  t.equal(value("select name from products where sku = 'X-2'"), 'The "Big" Pot')
  t.equal(
    value("select description from products where sku = 'X-1'"),
    'A mug, of tin\r\nthat lasts'
  )
  t.equal(value("select stock from products where sku = 'X-2'"), 0)
  t.equal(
    value(
      "select c.slug from products p join categories c on c.id = p.category_id where sku = 'X-2'"
    ),
    'cookware'
  )
  t.equal(
    value("select count(*) from product_search where product_search match 'tin mug lasts'"),
    1
  )

  t.same(await importText('products.csv', twoProducts), {
    refused: false,
    rows: 2,
    added: 0,
    updated: 0,
    unchanged: 2
  })
  t.equal(
    value("select version from products where sku = 'X-1'"),
    1,
    'its entity tag is still valid'
  )
})

t.test('an existing product is updated, and keeps the omitted fields', async (t) => {
  const { importText, value } = await importer(t)
  await importText('products.csv', twoProducts)
  const prices =
    'price,sku,name,category\n999,X-1,Tin Mug,tableware\n4900,X-2,"The ""Big"" Pot",cookware\n'
  t.same(await importText('prices.csv', prices), {
    refused: false,
    rows: 2,
    added: 0,
    updated: 1,
    unchanged: 1
  })
  t.equal(value("select price from products where sku = 'X-1'"), 999)
  t.equal(value("select stock from products where sku = 'X-1'"), 5)
  t.equal(value("select version from products where sku = 'X-1'"), 2)
  t.equal(value('select count(*) from products'), 10_002)
})

t.test('an NDJSON file is imported, detected by its content if not by its name', async (t) => {
  const { importText, value } = await importer(t)
  const rows = [
    { sku: 'N-1', name: 'Tin Mug', category: 'tableware', price: 899 },
    { sku: 'N-2', name: 'Pot', category: 'cookware', price: 0, stock: 3, currency: 'EUR' }
  ]
  const content = '\uFEFF' + rows.map((row) => JSON.stringify(row)).join('\r\n\n')
  t.match(await importText('products.ndjson', content), { rows: 2, added: 2 })
  t.match(await importText('products.txt', content), { rows: 2, unchanged: 2 })
  t.match(await importText('table.txt', twoProducts), { rows: 2, added: 2 })
  t.equal(value("select stock from products where sku = 'N-2'"), 3)
})

t.test('unpaired surrogates are refused, as in the API', async (t) => {
  const { importText, value } = await importer(t)
  const line = (fields: string) => `{"sku":"H-1","category":"cookware","price":1,${fields}}`
  t.same(
    await importText(
      'products.ndjson',
      [
        line('"name":"x\\ud800y"'),
        line('"name":"x","description":"\\uDC00"'),
        line('"name":"\\ud83d\\ude00"')
      ].join('\n')
    ),
    {
      refused: true,
      rows: 3,
      bad: 2,
      first: [
        {
          line: 1,
          problem: 'name has an escape from \\ud800 to \\udfff that is only half of a character'
        },
        {
          line: 2,
          problem:
            'description has an escape from \\ud800 to \\udfff that is only half of a character'
        }
      ]
    }
  )
  t.equal(value("select count(*) from products where sku = 'H-1'"), 0)
})

t.test(
  'each bad row is reported with its line and every reason, and nothing is written',
  async (t) => {
    const { importText, value } = await importer(t)
    const price = 'a whole number of minor units from 0 to 1,000,000,000 (1299 for 12.99)'
    t.same(
      await importText(
        'products.csv',
        [
          'sku,name,category,price,stock',
          'G-1,Good,cookware,100,1',
          'B 1,Bad sku,cookware,100,1',
          '"B-2","Two\r\nlines",cookware,12.99,-1',
          'B-3,Unknown category,cutlery,100,1',
          'G-1,Twice,nowhere,100,1',
          'B-4,,cookware,1000000001,1',
          'B-5,Too many,cookware,100,1,extra'
        ].join('\n')
      ),
      {
        refused: true,
        rows: 7,
        bad: 6,
        first: [
          {
            line: 3,
            problem:
              'sku must be 1 to 64 letters, digits, ".", "_" or "-", the first one a letter or digit, not "B 1"'
          },
          {
            line: 4,
            problem: `price must be ${price}, not "12.99"; stock must be a whole number of pieces from 0 to 1,000,000,000, not -1`
          },
          {
            line: 6,
            problem: 'category "cutlery" does not exist: GET /api/categories lists the existing ones'
          },
          {
            line: 7,
            problem:
              'category "nowhere" does not exist: GET /api/categories lists the existing ones; sku "G-1" is on line 2 already'
          },
          {
            line: 8,
            problem: `name is missing: it must be a text of 1 to 200 characters; price must be ${price}, not 1000000001`
          },
          {
            line: 9,
            problem: 'has 6 cells, the header has 5: a text with a comma goes in double quotes'
          }
        ]
      }
    )
    t.equal(value('select count(*) from products'), 10_000)
  }
)

t.test('the same for bad NDJSON rows', async (t) => {
  const { importText, value } = await importer(t)
  t.match(
    await importText(
      'products.jsonl',
      [
        '{"sku":"G-1","name":"Good","category":"cookware","price":1}',
        '{"sku":"B-1",',
        '[1]',
        '{"sku":"B-2","name":"n","category":"cookware","price":"1","color":"red"}',
        '{}'
      ].join('\n')
    ),
    {
      bad: 4,
      rows: 5,
      first: [
        { line: 2, problem: /^is not JSON: / },
        { line: 3, problem: /^is not a JSON object/ },
        { line: 4, problem: /price must be .*, not "1"(; |$)/ },
        {
          line: 5,
          problem: /^sku is missing.*; name is missing.*; category is missing.*; price is missing/
        }
      ]
    }
  )
  t.equal(value('select count(*) from products'), 10_000)
})

t.test('an invalid file is refused with the remedy', async (t) => {
  const { importText, value, directory, database } = await importer(t)
  const header = 'sku,name,category,price\n'
  const cases: [name: string, content: string | Buffer, message: RegExp][] = [
    ['empty.csv', '', /The file is empty: a CSV file begins with a header row/],
    ['header-only.csv', header, /The file has no products/],
    [
      'semicolons.csv',
      'sku;name;category;price\n',
      /lacks sku, name, category, price.* found: sku;name;category;price/
    ],
    [
      'unknown.csv',
      'sku,name,category,price,color\n',
      /an unknown column: "color"/
    ],
    ['twice.csv', 'sku,name,category,price,sku\n', /the column "sku" twice/],
    ['quote.csv', header + 'A,"never closed,cookware,1\n', /not valid CSV.*quote/i],
    ['latin1.csv', Buffer.from(header + 'A,K\xFCche,cookware,1\n', 'latin1'), /not UTF-8/],
    ['array.json', '[{"sku":"A"}]', /one JSON array: write one object per line/],
    ['endless.ndjson', '{"sku":"' + 'x'.repeat(1_100_000), /Line 1 is longer than/]
  ]
  for (const [name, content, message] of cases) {
    await t.rejects(importText(name, content), { name: 'ImportError', message }, name)
  }
  await t.rejects(
    importFile(directory, database, silent),
    new ImportError(`${directory} is a folder: name a file in it.`)
  )
  await t.rejects(importFile(join(directory, 'none.csv'), database, silent), { code: 'ENOENT' })
  t.equal(value('select count(*) from products'), 10_000)
})

t.test('a path without a catalog is refused, and stays unchanged', async (t) => {
  const { file, directory, database } = await shop(t)
  const products = await file('products.csv', twoProducts)
  const foreign = join(directory, 'foreign.db')
  connect(t, foreign).exec(
    'create table products (id integer); create table kysely_migration (name text)'
  )
  const empty = join(directory, 'sqlite.db')
  connect(t, empty).exec('vacuum')
  const cases: [path: string, code: string][] = [
    [join(directory, 'catalogue.db'), 'CATALOG_ERR_NO_DATABASE'],
    [join(directory, 'nowhere', 'catalog.db'), 'CATALOG_ERR_NO_DATABASE'],
    [join(database, 'catalog.db'), 'CATALOG_ERR_NO_DATABASE'],
    [directory, 'CATALOG_ERR_NOT_A_CATALOG'],
    [products, 'CATALOG_ERR_NOT_A_CATALOG'],
    [await file('empty.db', ''), 'CATALOG_ERR_NOT_A_CATALOG'],
    [empty, 'CATALOG_ERR_NOT_A_CATALOG'],
    [foreign, 'CATALOG_ERR_NOT_A_CATALOG']
  ]
  const before = await readdir(directory)
  const { size } = await stat(foreign)
  for (const [path, code] of cases) {
    await t.rejects(
      importFile(products, path, silent),
      { name: 'ImportError', code, message: /--database or DATA_DIR/ },
      path
    )
  }
  t.same(await readdir(directory), before, 'nothing was made')
  t.equal((await stat(foreign)).size, size)
})
