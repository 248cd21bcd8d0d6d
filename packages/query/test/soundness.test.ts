import Database from 'better-sqlite3'
import { type CompiledQuery, type ExpressionBuilder, Kysely, sql, SqliteDialect } from 'kysely'
import t from 'tap'
import { Random } from '@weir/internal/testing'
import { changesOf } from '../src/changes.js'
import { keyOf } from '../src/key.js'
import { planOf } from '../src/plan.js'
import type { ResolvedOptions } from '../src/options.js'
import { affecting } from './options-for.js'
import { rawQueries, type Schema } from './raw-queries.js'

type Table = 'a' | 'b' | 'c'

const options: ResolvedOptions = affecting({ a: ['v', 'W'], b: ['v', 'c'] }, { a: 'id', b: 'id' })

function newDatabase (): Kysely<Schema> {
  const database = new Database(':memory:')
  database.exec(`pragma foreign_keys = on;
    create table b (id integer primary key, n integer not null);
    create table a (id integer primary key, n integer not null unique, b_id integer);
    create table c (id integer primary key, b_id integer not null references b (id) on delete cascade on update cascade, n integer not null);
    create view v as select a.id as id, b.n as n from a join b on b.id = a.b_id;
    create view w as select b_id from a;`)
  return new Kysely<Schema>({ dialect: new SqliteDialect({ database }) })
}

// A statement's tags have to include those of every result that it changes: the test compares all
// results before and after a change.
t.test('no statement changes a result without invalidating its tags', async (t) => {
  const seed = Number(process.env['SEED'] ?? 1)
  let changed = 0
  let kept = 0
  for (let round = 0; round < 40; round++) {
    const random = new Random(seed * 1000 + round)
    const upTo = (n: number) => random.integer(0, n - 1)
    const pick = <V>(values: readonly [V, ...V[]]): V => random.pick(values)
    const id = () => pick<number | string>([1, 2, 3, 4, 5, '1', '2', '03'])
    const db = newDatabase()

    type Make = () => { compile (): CompiledQuery }
    const ands = (eb: ExpressionBuilder<Schema, Table>) =>
      eb.and([eb('n', '>', upTo(3)), eb('id', '=', id() as number)])
    const reads: [Make, ...Make[]] = [
      () =>
        db
          .selectFrom(pick<Table>(['a', 'b']))
          .selectAll()
          .where('id', '=', id() as number),
      () =>
        db
          .selectFrom(pick<Table>(['a', 'b']))
          .selectAll()
          .where('id', 'in', [id(), id()] as number[]),
      () =>
        db
          .selectFrom(pick<Table>(['a', 'b']))
          .select('n')
          .where(ands),
      () =>
        db
          .selectFrom('a')
          .select(({ fn }) => fn.countAll<number>().as('n'))
          .where('id', '=', id() as number),
      () =>
        db
          .selectFrom('a')
          .selectAll()
          .where((eb) => eb.or([eb('id', '=', 1), eb('n', '=', upTo(4))])),
      () =>
        db
          .selectFrom('a as x')
          .innerJoin('b as y', 'y.id', 'x.b_id')
          .select(['x.id', 'y.n'])
          .where('x.id', '=', id() as number),
      () =>
        db
          .selectFrom('a')
          .leftJoin('b', 'b.id', 'a.b_id')
          .select(['a.id', 'b.n'])
          .where('a.id', '=', id() as number),
      () =>
        db
          .selectFrom('a')
          .innerJoin('a as z', 'z.n', 'a.b_id')
          .select(['a.id', 'z.n'])
          .where('a.id', '=', id() as number),
      () =>
        db
          .selectFrom('b')
          .select((eb) => [
            'id',
            eb.selectFrom('a').whereRef('a.b_id', '=', 'b.id').select('n').limit(1).as('first')
          ]),
      () =>
        db
          .selectFrom('b')
          .select('id')
          .where((eb) =>
            eb.exists(eb.selectFrom('c').select('id').whereRef('c.b_id', '=', 'b.id'))
          ),
      () =>
        db
          .selectFrom('b')
          .select('n')
          .orderBy((eb) => eb.selectFrom('c').select((x) => x.fn.max('n').as('m')))
          .orderBy('id'),
      () =>
        db
          .selectFrom('a')
          .select('b_id')
          .groupBy('b_id')
          .having((eb) =>
            eb(
              eb.fn.countAll(),
              '>',
              eb.selectFrom('b').select((x) => x.fn.min('n').as('m'))
            )
          ),
      () =>
        db
          .with('b', (qb) =>
            qb
              .selectFrom(sql<Schema['b']>`${sql.table('main.b')}`.as('m'))
              .selectAll()
              .where('n', '>', 1)
          )
          .selectFrom('b')
          .selectAll(),
      () =>
        db
          .selectFrom(
            sql<
              Schema['a']
            >`${pick([sql.id('a'), sql.ref('a'), sql.lit('a'), sql.id('main', 'a')])}`.as('m')
          )
          .selectAll()
          .where('m.n', '>', 1),
      () =>
        db
          .selectFrom('b')
          .select('n')
          .where('id', 'in', sql<number>`${pick([sql.id('w'), sql.ref('main.w')])}`),
      () =>
        db
          .with('a', (qb) => qb.selectFrom('c').select(['id', 'n']))
          .selectFrom('a')
          .select('n')
          .where('id', '=', id() as number),
      () =>
        db
          .withRecursive('up', (qb) =>
            qb
              .selectFrom('a')
              .select(['id', 'b_id'])
              .where('id', '=', 1)
              .unionAll((x) =>
                x
                  .selectFrom('a')
                  .innerJoin('up', 'up.b_id', 'a.id')
                  .select(['a.id', 'a.b_id'])
                  .limit(5)
              )
          )
          .selectFrom('up')
          .selectAll()
          .limit(9),
      () =>
        db.selectFrom('a').select('n').where('id', '=', 1).union(db.selectFrom('b').select('n')),
      () => db.selectFrom('v').selectAll(),
      () => db.selectFrom('c').selectAll(),
      () =>
        db
          .selectFrom(db.selectFrom('a').select(['id', 'n']).where('n', '>', 1).as('s'))
          .selectAll()
          .where('s.id', '=', id() as number)
    ]
    const row = () => ({ n: upTo(6), b_id: pick<number | null>([null, 1, 2, 3]) })
    const writes: [Make, ...Make[]] = [
      () =>
        db
          .insertInto('b')
          .values({ id: id() as number, n: upTo(4) })
          .onConflict((on) => on.column('id').doUpdateSet({ n: upTo(9) })),
      () =>
        db
          .insertInto('b')
          .values({ id: id() as number, n: upTo(4) })
          .onConflict((on) => on.doNothing()),
      () =>
        db
          .insertInto('a')
          .values({ id: id() as number, ...row() })
          .onConflict((on) => on.column('n').doUpdateSet({ b_id: upTo(4) })),
      () => db.replaceInto('a').values({ id: id() as number, ...row() }),
      () =>
        db
          .insertInto('a')
          .orReplace()
          .values({ id: id() as number, ...row() }),
      () =>
        db
          .insertInto('a')
          .columns(['n', 'b_id'])
          .expression(
            db
              .selectFrom('b')
              .select((eb) => [eb('n', '+', upTo(9)).as('n'), 'id'])
              .where('n', '>=', 0)
          )
          .onConflict((on) => on.doNothing()),
      () =>
        db
          .insertInto('a')
          .values([
            { ...row(), id: sql<number>`null` },
            { ...row(), id: id() as number }
          ])
          .orIgnore(),
      () =>
        db
          .insertInto('c')
          .values({ id: upTo(9), b_id: upTo(4), n: upTo(4) })
          .orIgnore(),
      () =>
        db
          .updateTable(pick<Table>(['b', 'c']))
          .set({ n: upTo(9) })
          .where('id', '=', id() as number),
      () =>
        db
          .updateTable('a')
          .set({ b_id: upTo(4) })
          .where('id', 'in', [id(), id()] as number[]),
      () =>
        db
          .updateTable('a')
          .set({ b_id: upTo(4) })
          .where('n', '=', upTo(4)),
      () =>
        db
          .updateTable('a as x')
          .set({ b_id: upTo(4) })
          .where('x.id', '=', id() as number),
      () =>
        db
          .updateTable('b')
          .set({ id: upTo(6) })
          .where('id', '=', id() as number),
      () =>
        db
          .updateTable('b')
          .set({ [pick(['rowid', 'OID', '_rowid_'])]: upTo(6) })
          .where('id', '=', id() as number),
      () =>
        db
          .insertInto('b')
          .values({ id: upTo(6), n: upTo(4), ...{ rowid: upTo(6) } })
          .onConflict((on) => on.doNothing()),
      () => db.updateTable('b').set((eb) => ({ n: eb('n', '+', 1) })),
      () => db.deleteFrom(pick<Table>(['a', 'b', 'c'])).where('id', '=', id() as number),
      () => db.deleteFrom('a').where((eb) => eb.or([eb('id', '=', 1), eb('n', '=', upTo(5))])),
      () => db.deleteFrom('a').where(ands)
    ]

    // Raw SQL that Kysely joins with its own may be none.
    const raw = rawQueries(db, random)
    const isSql = (error: unknown) =>
      !/syntax|incomplete|misuse|unrecognized|aggregate|no such column|wrong number|RangeError|values/i.test(String(error))
    const made = [
      ...Array.from({ length: 40 }, () => pick(reads)().compile()),
      ...Array.from({ length: 30 }, () => pick(raw.reads)().compile())
    ]
    const queries: CompiledQuery[] = []
    for (const query of made) {
      const isQuery = await db.executeQuery(query).then(() => true, (error: unknown) => {
        if (isSql(error)) throw error
        return false
      })
      if (isQuery) queries.push(query)
    }
    const plans = queries.map((query) => planOf(query, { ttl: 1000 }, options))
    const resultsOf = async () => {
      const results: { rows: string, tags: readonly string[] }[] = []
      for (const [at, query] of queries.entries()) {
        const { rows } = await db.executeQuery(query)
        results.push({ rows: JSON.stringify(rows), tags: plans[at]?.tags(rows.length) ?? [] })
      }
      return results
    }
    let before = await resultsOf()
    for (let i = 0; i < 30; i++) {
      const write = pick(i % 5 < 2 ? raw.writes : writes)().compile()
      const ended = new Set(changesOf(write, undefined, options))
      await db.executeQuery(write).catch((error: unknown) => {
        if (isSql(error) && !/constraint/.test(String(error))) throw error
      })
      const after = await resultsOf()
      before.forEach(({ rows, tags }, place) => {
        const query = queries[place]
        if (after[place]?.rows === rows) {
          if (!tags.some((tag) => ended.has(tag))) kept++
          return
        }
        changed++
        if (tags.some((tag) => ended.has(tag))) return
        t.fail('a result changed', {
          write: write.sql,
          values: write.parameters,
          query: query?.sql,
          of: query?.parameters,
          tags,
          ended: [...ended]
        })
      })
      before = after
    }
    await db.destroy()
  }
  t.ok(changed > 3000, `${changed} results changed`)
  t.ok(kept > 10_000, `${kept} results were not invalidated`)
})

t.test('the key distinguishes values of different types', (t) => {
  const values = [
    1,
    '1',
    1n,
    true,
    'true',
    null,
    'null',
    undefined,
    'undefined',
    -0,
    0,
    NaN,
    'NaN',
    Infinity,
    '',
    '"',
    '1n',
    new Date(0),
    new Date(1),
    '1970-01-01T00:00:00.000Z',
    0.1,
    Buffer.from('a'),
    Buffer.from('b'),
    'a',
    'YQ==',
    ['a'],
    ['a', 'b'],
    [['a'], 'b'],
    '["a"]',
    { a: 1 },
    { a: '1' },
    '{"a":1}',
    'Date(0)',
    [],
    [null],
    [undefined]
  ]
  const keys = values.map((value) => keyOf('select ?', [value]))
  t.equal(new Set(keys).size, values.length)
  t.not(keyOf('?,?', ['a', 'b']), keyOf('?,?', ['a"\u0000"b']))
  t.not(keyOf('?', ['a'], 'b'), keyOf('?', ['a'], 'c'))
  t.not(keyOf('x?', [], ''), keyOf('?', [], 'x'))
  t.equal(keyOf('?', [Buffer.from('a')]), keyOf('?', [new Uint8Array([97])]))
  const long = 'x'.repeat(5000)
  t.match(keyOf(long, [1]), /^sha256:.{43}$/)
  t.not(keyOf(long, [1]), keyOf(long, ['1']))
  t.equal(keyOf('?', [new Map()]), undefined)
  t.equal(keyOf('?', [[() => {}]]), undefined)
  t.end()
})
