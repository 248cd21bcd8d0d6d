import {
  type CompiledQuery,
  DummyDriver,
  expressionBuilder,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  sql,
  type SqlBool
} from 'kysely'
import { jsonArrayFrom, jsonBuildObject, jsonObjectFrom } from 'kysely/helpers/postgres'
import { jsonArrayFrom as sqliteArrayFrom } from 'kysely/helpers/sqlite'
import t from 'tap'
import { changesOf } from '../src/changes.js'
import { planOf } from '../src/plan.js'
import { rowKey } from '../src/tags.js'
import { affecting } from './options-for.js'

interface Product { id: number, name: string, price: number, category_id: number }
interface Category { id: number, name: string, parent_id: number }
interface Schema {
  products: Product
  categories: Category
  Users: { id: number; name: string }
  'public.products': Product
}

const db = new Kysely<Schema>({
  dialect: {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler()
  }
})
const options = affecting(
  { categories: ['menu'], menu: ['pages'] },
  { products: 'id', Users: 'id' }
)

type Compilable = { compile (): CompiledQuery }
const tagsOf = (query: Compilable, rows = 1, tables?: string[]) =>
  planOf(query.compile(), { ttl: 1000, ...(tables && { tables }) }, options)
    ?.tags(rows)
    .map((tag) => tag.replace(/^query:/, ''))
    .filter((tag) => tag !== 'all')
const raw = (statement: ReturnType<typeof sql>): Compilable => ({
  compile: () => statement.compile(db)
})
const products = () => db.selectFrom('products')

t.test('the tables that a query reads', (t) => {
  const [p, c] = ['table:products', 'table:categories']
  const reads: [string, Compilable, string[]][] = [
    ['from', products().selectAll(), [p]],
    ['an alias', db.selectFrom('products as x').select('x.id'), [p]],
    ['several', db.selectFrom(['products', 'categories']).select('price'), [p, c]],
    [
      'a join',
      products().leftJoin('categories as c', 'c.id', 'products.category_id').select('price'),
      [p, c]
    ],
    [
      'a join of a subquery',
      products()
        .innerJoin(
          (eb) => eb.selectFrom('categories').select('id').as('c'),
          (on) => on.onTrue()
        )
        .select('price'),
      [p, c]
    ],
    [
      'a lateral join',
      products()
        .innerJoinLateral(
          (eb) => eb.selectFrom('categories').selectAll().as('c'),
          (on) => on.onTrue()
        )
        .select('price'),
      [p, c]
    ],
    [
      'a condition of a join',
      products()
        .innerJoin('products as q', (on) =>
          on.on((eb) => eb.exists(eb.selectFrom('categories').select('id')))
        )
        .select('q.id'),
      [p, c]
    ],
    [
      'a selection',
      products().select((eb) => eb.selectFrom('categories').select('name').limit(1).as('x')),
      [p, c]
    ],
    [
      'where',
      products()
        .select('id')
        .where('category_id', 'in', (eb) => eb.selectFrom('categories').select('id')),
      [p, c]
    ],
    [
      'having',
      products()
        .select('price')
        .groupBy('price')
        .having((eb) => eb.exists(eb.selectFrom('categories').select('id'))),
      [p, c]
    ],
    [
      'order by',
      products()
        .select('id')
        .orderBy((eb) => eb.selectFrom('categories').select('name').limit(1)),
      [p, c]
    ],
    [
      'limit',
      products()
        .select('id')
        .limit((eb) => eb.selectFrom('categories').select((x) => x.fn.max('id').as('n'))),
      [p, c]
    ],
    [
      'a case',
      products().select((eb) =>
        eb
          .case()
          .when('price', '>', 1)
          .then(eb.selectFrom('categories').select('id').limit(1))
          .else(1)
          .end()
          .as('x')
      ),
      [p, c]
    ],
    [
      'a filter of an aggregate',
      products().select((eb) =>
        eb.fn
          .countAll()
          .filterWhere(eb.exists(eb.selectFrom('categories').select('id')))
          .as('n')
      ),
      [p, c]
    ],
    ['union', products().select('id').unionAll(db.selectFrom('categories').select('id')), [p, c]],
    [
      'except of except',
      products()
        .select('id')
        .except((eb) =>
          eb.parens(
            eb
              .selectFrom('categories')
              .select('id')
              .intersect(eb.selectFrom('Users').select('id')) as never
          )
        ),
      [p, c, 'table:users']
    ],
    [
      'a CTE',
      db
        .with('x', (qb) => qb.selectFrom('categories').selectAll())
        .selectFrom('x')
        .selectAll(),
      [c]
    ],
    [
      'a CTE of another',
      db
        .with('x', (qb) => qb.selectFrom('categories').selectAll())
        .with('y', (qb) => qb.selectFrom('x').select('id'))
        .selectFrom('y')
        .selectAll(),
      [c]
    ],
    [
      'a CTE that hides the table it reads',
      db
        .with('products', (qb) => qb.selectFrom('products').selectAll())
        .selectFrom('products')
        .selectAll(),
      [p]
    ],
    [
      'a CTE of the name of a table',
      db
        .with('products', (qb) => qb.selectFrom('categories').selectAll())
        .selectFrom('products')
        .selectAll(),
      [c]
    ],
    [
      'a table beside a CTE of its name',
      db
        .with('products', (qb) => qb.selectFrom('categories').selectAll())
        .selectFrom('public.products')
        .selectAll(),
      [c, p]
    ],
    [
      'a recursive CTE',
      db
        .withRecursive('up', (qb) =>
          qb
            .selectFrom('categories')
            .select(['id', 'parent_id'])
            .unionAll((eb) =>
              eb
                .selectFrom('up')
                .innerJoin('categories', 'categories.id', 'up.parent_id')
                .select(['categories.id', 'categories.parent_id'])
            )
        )
        .selectFrom('up')
        .selectAll(),
      [c]
    ],
    [
      'a CTE within a subquery ends there',
      products()
        .select((eb) => [eb.selectFrom('categories').select('id').limit(1).as('x')])
        .where(
          'id',
          'in',
          db
            .with('categories', (qb) => qb.selectFrom('Users').select('id'))
            .selectFrom('categories')
            .select('id')
        ),
      [p, c, 'table:users']
    ],
    ['a schema', db.withSchema('shop').selectFrom('products').selectAll(), [p]],
    ['a schema in the name', db.selectFrom('public.products').selectAll(), [p]],
    [
      'a name in capitals',
      db.selectFrom('Users').selectAll().where('name', '=', 'x'),
      ['table:users']
    ],
    [
      'JSON',
      db
        .selectFrom('categories')
        .select((eb) => [
          jsonArrayFrom(eb.selectFrom('products').select('id')).as('x'),
          jsonObjectFrom(eb.selectFrom('Users').select('id')).as('y')
        ]),
      [c, p, 'table:users']
    ],
    [
      'JSON of SQLite',
      db
        .selectFrom('categories')
        .select((eb) => sqliteArrayFrom(eb.selectFrom('products').select('id')).as('x')),
      [c, p]
    ],
    [
      'built JSON',
      products().select((eb) => jsonBuildObject({ a: eb.ref('price') }).as('x')),
      [p]
    ],
    [
      'a table in raw SQL',
      db.selectFrom(sql<Product>`${sql.table('products')}`.as('x')).selectAll(),
      [p]
    ],
    [
      'an identifier in raw SQL',
      db.selectFrom(sql<Product>`${sql.id('products')}`.as('x')).selectAll(),
      [p]
    ],
    [
      'an identifier with its schema',
      db.selectFrom(sql<Product>`${sql.id('public', 'products')}`.as('x')).selectAll(),
      ['table:public', p]
    ],
    [
      'a reference in raw SQL',
      db.selectFrom(sql<Product>`${sql.ref('products')}`.as('x')).selectAll(),
      [p]
    ],
    [
      'a literal in raw SQL',
      db.selectFrom(sql<Product>`${sql.lit('products')}`.as('x')).selectAll(),
      [p]
    ],
    [
      'a list in raw SQL',
      db
        .selectFrom(
          sql<Product>`(${sql.id('products')}), ${sql.join([sql.ref('categories'), sql.table('Users')])}`.as(
            'x'
          )
        )
        .selectAll(),
      [p, c, 'table:users']
    ],
    [
      'raw SQL that is joined',
      products()
        .innerJoin(sql<Category>`${sql.id('categories')}`.as('c'), 'c.id', 'products.category_id')
        .select('price'),
      [p, c]
    ],
    [
      'raw SQL within raw SQL',
      db.selectFrom(sql<Product>`${sql`${sql.id('products')}`}`.as('x')).selectAll(),
      [p]
    ],
    [
      'raw SQL in a subquery',
      products().select((eb) =>
        eb
          .selectFrom(sql<Category>`${sql.id('categories')}`.as('c'))
          .select('c.id')
          .as('x')
      ),
      [p, c]
    ],
    [
      'raw SQL in a CTE',
      db
        .with('x', (qb) =>
          qb.selectFrom(sql<Category>`${sql.ref('categories')}`.as('c')).selectAll()
        )
        .selectFrom('x')
        .selectAll(),
      [c]
    ],
    [
      'a CTE named in raw SQL beside its table',
      db
        .with('products', (qb) => qb.selectFrom('categories').selectAll())
        .selectFrom(sql<Product>`${sql.id('main', 'products')}`.as('x'))
        .selectAll(),
      [c, 'table:main', p]
    ],
    [
      'in of a table, without parentheses',
      products()
        .select('id')
        .where('category_id', 'in', sql<number>`${sql.id('categories')}`),
      [p, c]
    ],
    [
      'in of a table, all raw',
      products()
        .select('id')
        .where(sql<SqlBool>`${sql.ref('id')} in ${sql.ref('categories')}`),
      [p, c]
    ],
    [
      'in of a list',
      products()
        .select('id')
        .where(sql<SqlBool>`${sql.ref('id')} in (${sql.join([1, 2])}) or ${sql.ref('id')} in (1)`)
        .where('id', 'in', sql<number>`(lower(${'x'}), 1)`),
      [p]
    ],
    [
      'comments in raw SQL',
      products().select(sql`coalesce(${sql.ref('price')} /* not from */, 0) -- it's`.as('x')),
      [p]
    ],
    [
      'harmless raw SQL',
      products()
        .select(sql<number>`coalesce(${sql.ref('price')}, 0) + ${1} * count(*)`.as('x'))
        .where(sql<SqlBool>`${sql.ref('name')} is not null and ${sql.ref('name')} <> 'now, from'`)
        .orderBy('price', (by) => by.desc().nullsLast()),
      [p]
    ],
    [
      'pure functions',
      products().select(({ fn }) => [
        fn<string>('upper', ['name']).as('x'),
        fn.max('price').as('y'),
        fn.toJson('products').as('z')
      ]),
      [p]
    ],
    [
      'a value that looks like a node',
      products()
        .select('id')
        .where('name', '=', { kind: 'TableNode', table: { identifier: { name: 'x' } } } as never),
      [p]
    ],
    ['nothing', db.selectNoFrom((eb) => eb.val(1).as('x')), []]
  ]
  for (const [name, query, tags] of reads) t.strictSame(tagsOf(query), tags, name)
  t.strictSame(
    tagsOf(products().select(sql`anything`.as('x')), 1, ['Users']),
    [p, 'table:users'],
    'declared tables are added'
  )
  t.strictSame(
    tagsOf(
      products()
        .select(sql`anything`.as('x'))
        .where('id', '=', 1),
      1,
      ['products']
    ),
    [p],
    'declared, no row stands for its table'
  )
  t.end()
})

t.test('the rows that a query reads', (t) => {
  const row = (...keys: string[]) => [
    'rows:products',
    ...keys.map((key) => `row:["products","${key}"]`)
  ]
  const table = ['table:products']
  const reads: [string, Compilable, string[], number?][] = [
    ['one', products().selectAll().where('id', '=', 1), row('1')],
    [
      'one that is not there',
      products().selectAll().where('id', '=', 1),
      [...row('1'), 'new:products'],
      0
    ],
    ['of an alias', db.selectFrom('products as p').select('p.id').where('p.id', '=', 1), row('1')],
    ['in a list', products().selectAll().where('id', 'in', [1, 2]), row('1', '2'), 2],
    [
      'in a list, not all there',
      products().selectAll().where('id', 'in', [1, 2]),
      [...row('1', '2'), 'new:products'],
      1
    ],
    [
      'in a list, twice the same',
      products().selectAll().where('id', 'in', [1, 1]),
      [...row('1'), 'new:products'],
      1
    ],
    [
      'and more',
      products()
        .selectAll()
        .where('price', '>', 1)
        .where((eb) => eb.and([eb('id', '=', 2), eb('name', '=', 'x')])),
      row('2')
    ],
    [
      'an aggregate has a row without one',
      products()
        .select((eb) => eb.fn.countAll().as('n'))
        .where('id', '=', 1),
      [...row('1'), 'new:products']
    ],
    [
      'a join',
      products()
        .innerJoin('categories', 'categories.id', 'products.category_id')
        .select('price')
        .where('products.id', '=', 1),
      [...row('1'), 'table:categories', 'new:products']
    ],
    [
      'a join, not qualified',
      products()
        .innerJoin('categories', 'categories.id', 'products.category_id')
        .select('price')
        .where('id' as never, '=', 1 as never),
      [...table, 'table:categories']
    ],
    [
      "another table's",
      products()
        .innerJoin('categories', 'categories.id', 'products.category_id')
        .select('price')
        .where('categories.id', '=', 1),
      [...table, 'table:categories']
    ],
    [
      'the table twice',
      products()
        .innerJoin('products as q', 'q.id', 'products.category_id')
        .select('q.id')
        .where('products.id', '=', 1),
      table
    ],
    [
      'or',
      products()
        .selectAll()
        .where((eb) => eb.or([eb('id', '=', 1), eb('price', '=', 1)])),
      table
    ],
    [
      'not',
      products()
        .selectAll()
        .where((eb) => eb.not(eb('id', '=', 1))),
      table
    ],
    [
      'raw SQL that is one condition',
      products()
        .selectAll()
        .where(sql<SqlBool>`(${sql.ref('price')} = ${1} or ${sql.ref('name')} = ', or')`)
        .where('id', '=', 1)
        .where(sql<SqlBool>`case when ${sql.ref('price')} between 1 and 2 or true then true end`),
      row('1')
    ],
    [
      'raw SQL that is not',
      products()
        .selectAll()
        .where('id', '=', 1)
        .where(sql<SqlBool>`${sql.ref('price')} = ${1} or ${sql.ref('price')} > ${2}`),
      table
    ],
    ['another operator', products().selectAll().where('id', '>=', 1), table],
    [
      'another column',
      products()
        .selectAll()
        .where('id', '=', (eb) => eb.ref('price')),
      table
    ],
    [
      'no value',
      products()
        .selectAll()
        .where('id', '=', sql<number>`${1} + 1`),
      table
    ],
    [
      'a Date',
      products()
        .selectAll()
        .where('id', '=', new Date() as never),
      table
    ],
    [
      'no primary key that is known',
      db.selectFrom('categories').selectAll().where('id', '=', 1),
      ['table:categories']
    ],
    [
      'too many',
      products()
        .selectAll()
        .where(
          'id',
          'in',
          Array.from({ length: 101 }, (_, i) => i)
        ),
      table
    ],
    ['a union', products().select('id').where('id', '=', 1).union(products().select('id')), table],
    [
      'a full join',
      products()
        .fullJoin('categories', 'categories.id', 'products.category_id')
        .select('price')
        .where('products.id', '=', 1),
      [...table, 'table:categories']
    ]
  ]
  for (const [name, query, tags, rows] of reads) t.strictSame(tagsOf(query, rows), tags, name)
  t.end()
})

t.test('keys that a database may treat as equal share a tag', (t) => {
  const same: unknown[][] = [
    [1, '1', 1n, '01', ' 1 ', '1.0', '1e0', '+1'],
    [0, -0, '0', '-0', '00'],
    ['Ab', 'ab', 'AB ', 'a-b'],
    ['q-7', 'Q007', 'q7'],
    [
      'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11',
      '{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}',
      'a0eebc999c0b4ef8bb6d6bb9bd380a11'
    ]
  ]
  for (const keys of same) t.equal(new Set(keys.map(rowKey)).size, 1, keys.join())
  t.equal(
    new Set([...same.map(([key]) => rowKey(key)), rowKey(2), rowKey('ac')]).size,
    same.length + 2
  )
  // Common keys stand for their rows.
  for (const value of [
    'kettle', 'a-b', 'p-12', 'SKU-1-A', '12-AB', 'user:12', 'de', '01HX5ZKQ3M9V7R2T4W6Y8Z0ABC',
    'a b', 'x@example.com', '3f2504e0-4f89-11d3-9a0c-0305e82c3301', 'd41d8cd98f00b204', 'january'
  ]) {
    t.type(rowKey(value), 'string', value)
  }
  for (const value of ['0x10', '1_0', 'áb', 'ß', '1.05', 1.5, null, undefined, new Date(), Buffer.from('1'), true, {}]) {
    t.equal(rowKey(value), undefined)
  }
  t.end()
})

t.test('queries that are not cached', (t) => {
  const refused: [Compilable, RegExp][] = [
    [
      products().select(sql`(select max(id) from categories)`.as('x')),
      /^WEIR_QUERY_UNKNOWN_TABLES .*raw SQL "\(select max/
    ],
    [db.selectFrom(sql<Product>`first`.as('x')).selectAll(), /^WEIR_QUERY_UNKNOWN_TABLES/],
    [products().select(sql`"categories"`.as('x')), /^WEIR_QUERY_UNKNOWN_TABLES/],
    [
      products().select(({ fn }) => fn('price_of', ['id']).as('x')),
      /^WEIR_QUERY_UNKNOWN_TABLES .*price_of\(\)/
    ],
    [raw(sql`select 1 from x`), /^WEIR_QUERY_UNKNOWN_TABLES/],
    [
      db.selectFrom(sql<Product>`${sql.id('pages')}(1)`.as('x')).selectAll(),
      /^WEIR_QUERY_UNKNOWN_TABLES/
    ],
    [
      db.selectFrom(sql<Product>`${sql.raw('categories')}`.as('x')).selectAll(),
      /^WEIR_QUERY_UNKNOWN_TABLES/
    ],
    [db.selectFrom(sql<Product>`"categories"`.as('x')).selectAll(), /^WEIR_QUERY_UNKNOWN_TABLES/],
    [
      db
        .selectFrom('products')
        .innerJoin(sql<Category>`first`.as('c'), (on) => on.onTrue())
        .selectAll(),
      /^WEIR_QUERY_UNKNOWN_TABLES/
    ],
    [products().select(sql`${sql.id('f')}(1)`.as('x')), /^WEIR_QUERY_UNKNOWN_TABLES/],
    [products().select(sql`"f" (1)`.as('x')), /^WEIR_QUERY_UNKNOWN_TABLES/],
    [
      products().select(sql`'${sql.raw("' || (select categories) || '")}'`.as('x')),
      /^WEIR_QUERY_UNKNOWN_TABLES/
    ],
    [
      products().select(sql`1 /*${sql.raw('*/ + (select 1 from categories) /*')}*/`.as('x')),
      /^WEIR_QUERY_UNKNOWN_TABLES/
    ],
    [
      products()
        .select('id')
        .where(sql<SqlBool>`1 in first`),
      /^WEIR_QUERY_UNKNOWN_TABLES/
    ],
    [
      db
        .with('x', () => sql`${sql.raw('table first')}` as never)
        .selectFrom('x' as never)
        .selectAll(),
      /^WEIR_QUERY_UNKNOWN_TABLES/
    ],
    [raw(sql`pragma table_info(products)`), /^WEIR_QUERY_NOT_CACHEABLE .*not a select/],
    [raw(sql`select 1; select 2`), /^WEIR_QUERY_NOT_CACHEABLE .*not a select/],
    [products().select(({ fn }) => fn('now').as('x')), /^WEIR_QUERY_NOT_CACHEABLE .*uses now\(\)/],
    [
      products()
        .selectAll()
        .where(sql<SqlBool>`x > current_timestamp`),
      /^WEIR_QUERY_NOT_CACHEABLE .*current_timestamp/
    ],
    [
      products()
        .selectAll()
        .orderBy(sql`random()`),
      /^WEIR_QUERY_NOT_CACHEABLE .*random\(\)/
    ],
    [products().select(sql`datetime('now')`.as('x')), /^WEIR_QUERY_NOT_CACHEABLE/],
    [products().selectAll().forUpdate(), /^WEIR_QUERY_NOT_CACHEABLE .*locks rows/],
    [products().selectAll().forShare().skipLocked(), /^WEIR_QUERY_NOT_CACHEABLE .*locks rows/],
    [
      products()
        .selectAll()
        .modifyEnd(sql`for update`),
      /^WEIR_QUERY_NOT_CACHEABLE .*locks rows/
    ],
    [
      db
        .with('x', (qb) => qb.deleteFrom('products').returning('id'))
        .selectFrom('x')
        .selectAll(),
      /^WEIR_QUERY_NOT_CACHEABLE .*writes/
    ],
    [
      db.selectFrom(sql`${sql.table('weir_outbox_tags')}`.as('x')).selectAll(),
      /^WEIR_QUERY_NOT_CACHEABLE .*outbox/
    ]
  ]
  const codeOf = (query: Compilable): string => {
    try {
      return `cached by ${String(tagsOf(query))}`
    } catch (error) {
      return error instanceof Error && 'code' in error
        ? `${String(error.code)} ${error.message}`
        : String(error)
    }
  }
  for (const [query, code] of refused) t.match(codeOf(query), code, query.compile().sql)
  t.end()
})

/** Time expressions, in raw SQL and with Kysely's functions. */
const clocks = (): [string, ReturnType<typeof sql>][] => {
  const texts = [
    'current_date',
    'CURRENT_TIME',
    'current_timestamp(3)',
    'localtimestamp',
    'now()',
    'now ( )',
    'clock_timestamp()',
    'random()',
    'gen_random_uuid()',
    ...['date', 'time', 'datetime', 'julianday', 'unixepoch'].flatMap((name) => [
      `${name}()`,
      `${name.toUpperCase()} ( )`,
      `${name}('now')`,
      `${name}(' NOW ', '-7 days')`,
      `"${name}"('now')`,
      `${name}("now")`,
      `${name}(/* x */)`,
      `${name}(case when true then 'now' end)`
    ]),
    "strftime('%Y')",
    "strftime('%Y', 'now')",
    "timediff('now', '2020-01-01')",
    "age('2020-01-01'::timestamp)",
    ...['date', 'timestamptz', 'timestamp', 'time'].flatMap((type) => [
      `'now'::${type}`,
      `cast('now' as ${type})`,
      `${type} 'now'`,
      `E'now' :: ${type}`,
      `$$now$$::${type}`
    ]),
    "'today'::date",
    "date 'tomorrow'",
    "cast('yesterday' as date)",
    "'today 12:00 utc'::timestamptz",
    "due < 'today'",
    "due between 'yesterday' and 'tomorrow'"
  ]
  const parameters = [
    sql`date(${'now'})`,
    sql`date(${'x'}, ${1}, ${'now'})`,
    sql`${'Now'}::timestamptz`,
    sql`cast(${'today'} as date)`
  ]
  return [...texts.map((text): [string, ReturnType<typeof sql>] => [text, sql.raw(text)]),
    ...parameters.map((each): [string, ReturnType<typeof sql>] => [each.compile(db).sql, each])]
}

t.test('the clock is not cached, in whatever form it is read', (t) => {
  const isRefused = (query: Compilable, name: string, tables?: string[]) => {
    t.throws(
      () => tagsOf(query, 1, tables),
      { code: 'WEIR_QUERY_NOT_CACHEABLE', message: /which returns a different value each time/ },
      name
    )
  }
  for (const [name, clock] of clocks()) {
    isRefused(products().select(clock.as('x')), name)
    isRefused(products().select('id').where(sql<SqlBool>`${clock} is not null`), name, ['products'])
    isRefused(raw(sql`select ${clock} from products`), name, ['products'])
  }
  const eb = expressionBuilder<Schema, 'products'>()
  for (const name of ['date', 'time', 'datetime', 'julianday', 'unixepoch', 'strftime']) {
    for (const tables of [undefined, ['products']]) {
      isRefused(products().select(eb.fn(name, []).as('x')), name, tables)
      isRefused(products().select(eb.fn(name, [eb.val('%Y'), eb.val('now')]).as('x')), name, tables)
      isRefused(
        products().select(eb.fn(name, [sql`coalesce(${'now'}, ${1})`]).as('x')),
        name,
        tables
      )
    }
  }
  isRefused(products().select(eb.cast(eb.val('now'), 'timestamptz').as('x')), 'cast')

  const kept: ReturnType<typeof sql>[] = [
    sql`date(${sql.ref('name')})`,
    sql`date('2026-01-01')`,
    sql`date(${'2026-01-01'}) || ${'now'}`,
    sql`cast(${sql.ref('name')} as date)`,
    sql`case when ${sql.ref('price')} > 1 then 'today' else 'nowhere' end`,
    sql`upper(${'now'})`,
    sql`cast(${sql.ref('price')} as time(3))`,
    sql`1 -- now()`
  ]
  for (const expression of kept) {
    t.strictSame(
      tagsOf(products().select(expression.as('x'))),
      ['table:products'],
      expression.compile(db).sql
    )
  }
  t.strictSame(tagsOf(products().select(sql`strftime('%Y', name)`.as('x')), 1, ['products']), [
    'table:products'
  ])
  t.strictSame(tagsOf(products().select('id').where('name', 'in', ['now', 'today'])), [
    'table:products'
  ])
  t.end()
})

t.test('the tags that a statement invalidates', (t) => {
  const row = (...keys: string[]) => [
    'table:products',
    ...keys.map((key) => `row:["products","${key}"]`)
  ]
  const [any, all] = [['table:products', 'rows:products'], ['all']]
  const value = { name: 'x', price: 1, category_id: 1 }
  const insert = () => db.insertInto('products')
  const statements: [Compilable, string[] | undefined][] = [
    [products().selectAll(), undefined],
    [products().selectAll().forUpdate(), undefined],
    [insert().values({ id: 1, ...value }), row('1')],
    [
      insert().values([
        { id: 1, ...value },
        { id: 2, ...value }
      ]),
      row('1', '2')
    ],
    [insert().values([{ id: 1, ...value }, value as Product]), [...row('1'), 'new:products']],
    [insert().values(value as Product), [...row(), 'new:products']],
    [insert().defaultValues(), [...row(), 'new:products']],
    [insert().values({ id: sql`nextval('x')`, ...value }), [...row(), 'new:products']],
    [
      insert()
        .values({ id: 1, ...value })
        .onConflict((on) => on.column('id').doUpdateSet({ price: 2 })),
      row('1')
    ],
    [
      insert()
        .values({ id: 1, ...value })
        .onConflict((on) => on.column('id').doUpdateSet({ id: 2 })),
      any
    ],
    [
      insert()
        .values({ id: 1, ...value })
        .onConflict((on) => on.column('name').doUpdateSet({ price: 2 })),
      any
    ],
    [
      insert()
        .values({ id: 1, ...value })
        .onConflict((on) => on.constraint('x').doUpdateSet({ price: 2 })),
      any
    ],
    [
      insert()
        .values({ id: 1, ...value })
        .onConflict((on) => on.doNothing()),
      row('1')
    ],
    [insert().values(Array.from({ length: 101 }, (_, id) => ({ id, ...value }))), any],
    [db.updateTable('products').set({ price: 1 }).where('id', '=', 1), row('1')],
    [db.updateTable('products as p').set({ price: 1 }).where('p.id', 'in', [1, 2]), row('1', '2')],
    [
      db
        .updateTable('products')
        .set({ price: sql`price + 1` })
        .where('id', '=', 1),
      row('1')
    ],
    [
      db
        .updateTable('products')
        .set({ price: sql`case when stock > 1 or price < 5 then price - ${1} else 0 end` })
        .where('id', '=', 1)
        .where(sql<SqlBool>`stock > ${1} and name is distinct from 'a or b'`)
        .where((eb) => eb.or([sql<SqlBool>`price = 1 or true`, eb('name', '=', 'x')])),
      row('1')
    ],
    [
      db
        .updateTable('products')
        .set({ price: sql`5, id = 9` })
        .where('id', '=', 1),
      any
    ],
    [db.updateTable('products').set({ id: 3 }).where('id', '=', 1), any],
    [db.updateTable('products').set({ price: 1 }).where('price', '=', 1), any],
    [
      db.updateTable('products').from('categories').set({ price: 1 }).where('products.id', '=', 1),
      any
    ],
    [db.deleteFrom('products').where('id', '=', 1), row('1')],
    [db.deleteFrom('products').where((eb) => eb.or([eb('id', '=', 1), eb('price', '=', 1)])), any],
    [
      db.deleteFrom('products').using('categories').where('products.id', '=', 1),
      [
        ...any,
        'table:categories',
        'rows:categories',
        'table:menu',
        'rows:menu',
        'table:pages',
        'rows:pages'
      ]
    ],
    [
      db
        .mergeInto('products')
        .using('Users', (on) => on.onTrue())
        .whenMatched()
        .thenDelete(),
      any
    ],
    [
      db.updateTable('categories').set({ name: 'x' }),
      [
        'table:categories',
        'rows:categories',
        'table:menu',
        'rows:menu',
        'table:pages',
        'rows:pages'
      ]
    ],
    [db.withSchema('shop').deleteFrom('products').where('id', '=', 1), row('1')],
    [
      db.deleteFrom('Users').where('id', '=', 'Bo' as never),
      ['table:users', 'row:["users","bo"]']
    ],
    [
      db
        .with('x', (qb) => qb.deleteFrom('products').where('id', '=', 1).returning('id'))
        .selectFrom('x')
        .selectAll(),
      row('1')
    ],
    [
      db
        .with('x', () => sql`delete from products returning id` as never)
        .selectFrom('x' as never)
        .selectAll(),
      all
    ],
    [
      db
        .with('x', (qb) => qb.updateTable('products').set({ price: 2 }).returning('id'))
        .insertInto('Users')
        .columns(['id'])
        .expression((eb) => eb.selectFrom('x' as never).select('id' as never)),
      ['table:users', 'new:users', ...any]
    ],
    [db.schema.createTable('x').addColumn('id', 'integer'), all],
    [db.schema.dropView('x'), all],
    [db.schema.refreshMaterializedView('x'), all],
    [raw(sql`select * from products for update`), undefined],
    [raw(sql`  -- a comment\n (select 1)`), undefined],
    [raw(sql`with x as (select 1) select * from x`), undefined],
    [raw(sql`with x as (delete from products returning id) select * from x`), all],
    [raw(sql`select 1; delete from products`), all],
    [raw(sql`/* x */ update products set price = 1`), all],
    [raw(sql`truncate products`), all],
    [raw(sql`call f()`), all],
    [raw(sql`do $$ begin end $$`), all],
    [raw(sql`pragma foreign_keys = on`), undefined],
    [raw(sql`explain select 1`), undefined],
    [raw(sql`explain analyze delete from products`), all],
    [raw(sql`vacuum;`), undefined],
    [raw(sql`with x as (delete /* all */ from products returning id) select * from x`), all],
    [raw(sql`with x as (delete--\nfrom products returning id) select * from x`), all],
    [raw(sql`with x as (update/**/products set price = 1 returning id) select * from x`), all],
    [
      raw(
        sql`with x as (insert /* /* */ */ into products default values returning id) select * from x`
      ),
      all
    ],
    [raw(sql`select '/*' as a; delete from products where name = '*/'`), all],
    [raw(sql`select $$/*$$; delete from products where name = '*/'`), all],
    [raw(sql.raw("select E'\\'', 1; delete from products -- '")), all],
    [raw(sql`explain /* x */ analyze delete /* x */ from products`), all],
    [raw(sql`with a$b$ as (delete from products returning id) select 1 as a$b$`), all],
    [
      raw(sql`/* update products */ select 'delete from products', "drop table" -- call f()`),
      undefined
    ],
    [raw(sql`select $a$ delete from products $a$, e'it\\'s; update x'`), undefined],
    [raw(sql`select '-- ', name from products; -- commit`), undefined],
    [
      raw(sql`create trigger x after insert on products begin update products set price = 1; end`),
      all
    ],
    [
      raw(
        sql`create function f() returns int begin atomic select 1; select case when true then 2 end; end`
      ),
      all
    ],
    [raw(sql`do $$ begin update products set price = 1; commit; end $$`), all]
  ]
  const ended = (query: Compilable) =>
    changesOf(query.compile(), undefined, options)?.map((tag) => tag.replace(/^query:/, ''))
  for (const [statement, tags] of statements) {
    t.strictSame(ended(statement)?.sort(), tags?.sort(), statement.compile().sql)
  }

  for (const word of [
    'begin',
    'COMMIT',
    ' rollback to x',
    'savepoint x',
    'start transaction',
    '/* x */ begin',
    '-- x\ncommit',
    'update products set price = 1; commit; begin',
    'select 1;/* x */commit',
    "prepare transaction 'x'",
    'create table begin_ (x int); commit'
  ]) {
    t.throws(() => ended(raw(sql.raw(word))), { code: 'WEIR_QUERY_RAW_TRANSACTION' })
  }
  const said = { tables: ['products'], tags: ['x'] }
  t.strictSame(changesOf(sql`update products set price = 1`.compile(db), said, options), [
    'query:table:products',
    'query:rows:products',
    'x'
  ])
  t.strictSame(changesOf(sql`select f()`.compile(db), said, options), [
    'query:table:products',
    'query:rows:products',
    'x'
  ])
  t.strictSame(changesOf(sql`call f()`.compile(db), { tables: [] }, options), [])
  t.strictSame(changesOf(db.deleteFrom('Users').compile(), { tags: ['x'] }, options), [
    'x',
    'query:table:users',
    'query:rows:users'
  ])
  t.end()
})
