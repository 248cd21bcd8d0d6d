import {
  BinaryOperationNode,
  ColumnNode,
  type CompiledQuery,
  type Expression,
  type ExpressionBuilder,
  ExpressionWrapper,
  type Kysely,
  OperatorNode,
  type RawBuilder,
  sql,
  type SqlBool,
  ValueNode
} from 'kysely'
import type { Random } from '@weir/internal/testing'

export interface Schema {
  a: { id: number, n: number, b_id: number | null }
  b: { id: number, n: number }
  /** A view of `a` and `b`. */
  v: { id: number, n: number }
  /** A view of `a`, of one column. */
  w: { b_id: number | null }
  /** Rows are deleted and updated with those of `b`. */
  c: { id: number, b_id: number, n: number }
}

type Builder = ExpressionBuilder<Schema, 'a' | 'b'>
type Place = Expression<SqlBool> | ((eb: Builder) => Expression<SqlBool>)
interface Compilable { compile (): CompiledQuery }

/**
 * Makes queries and writes by primary key with raw SQL in every place that Kysely has for it.
 *
 * Some raw SQL binds in another way than the tree says, and some of the statements are no SQL.
 */
export function rawQueries (db: Kysely<Schema>, random: Random) {
  const pick = <V>(values: readonly [V, ...V[]]): V => random.pick(values)
  const n = sql.ref('n')
  const k = () => random.integer(0, 4)
  const id = () => random.integer(1, 5)
  const table = () => pick<'a' | 'b'>(['a', 'b'])
  const cond = () => pick([
    () => sql<SqlBool>`${n} = ${k()} or ${n} = ${k()}`,
    () => sql<SqlBool>`${n} = ${k()} OR/**/${n} = ${k()}`,
    () => sql<SqlBool>`(${n} = ${k()} or ${n} = ${k()})`,
    () => sql<SqlBool>`(${n} = ${k()}) or (${n} = ${k()})`,
    () => sql<SqlBool>`${n} > ${k()} and ${n} < 9`,
    () => sql<SqlBool>`not ${n} = ${k()} o${sql`r`} true`,
    () => sql<SqlBool>`${n} > 1-${sql.lit(pick([-1, 1]))}`,
    () => sql<SqlBool>`${n} between ${k()} and ${k()}`,
    () => sql<SqlBool>`case when ${n} = ${k()} or true then true end`,
    () => sql<SqlBool>`'or' = 'it''s' or 1=1`,
    () => sql<SqlBool>`(${sql.join([sql`${n} = ${k()}`, sql`true`], sql` or `)})`,
    () => sql.join<SqlBool>([sql`${n} = ${k()}`, sql`${n} = ${k()}`], sql` or `)
  ])()
  const place = (): Place => pick<() => Place>([
    cond,
    cond,
    () => (eb) => eb.and([cond(), eb('id', '<', 9)]),
    () => (eb) => eb.and([cond()]),
    () => (eb) => eb.or([cond()]),
    () => (eb) => eb.or([cond(), eb('n', '=', k())]),
    () => (eb) => eb.not(cond()),
    () => (eb) => eb.parens(cond()),
    () => (eb) => eb('n', '>', sql<number>`${k()} or ${n} = ${k()}`),
    () => (eb) => eb('n', sql`> 9 or ${k()} =`, sql.ref<number>('n')),
    () => (eb) => eb(sql<number>`${n} = ${k()} or ${n}`, '=', k()),
    () => (eb) => eb('n', sql`between`, k()),
    // Kysely 0.28 allows it as an operator of any two operands.
    () => new ExpressionWrapper<Schema, 'a', SqlBool>(BinaryOperationNode.create(
      ColumnNode.create('n'), OperatorNode.create('between'), ValueNode.create(k())
    )),
    () => (eb) => eb.between('n', k(), sql<number>`${k()} or true`),
    () => (eb) => eb.case().when(cond()).then(sql<SqlBool>`true`).else(sql<SqlBool>`false`).end(),
    () => (eb) => eb.case().when(cond()).then(sql<SqlBool>`true end or case when true then true`)
      .end().$notNull(),
    () => (eb) => eb.fn<SqlBool>('coalesce', [cond(), sql`false`]),
    () => (eb) => eb.fn<SqlBool>('true or coalesce', [cond()]),
    () => (eb) => sql`${eb('id', '=', id())} or ${eb.and([eb('n', '=', k()), eb('n', '<', 9)])}`,
    () => (eb) => eb.exists(eb.selectFrom('b as x').select('x.id').where(cond()))
  ])()
  // The key is one part of the chain, at any place.
  const chain = (): Place[] => {
    const key: Place = (eb) => eb('id', '=', id())
    return pick<() => Place[]>([
      () => [key, place()],
      () => [place(), key],
      () => [place(), key, place()],
      () => [sql<SqlBool>`(${n} = ${k()}`, key, sql<SqlBool>`true) or ${n} = ${k()}`],
      () => [sql<SqlBool>`${n} between 0`, key],
      () => [sql<SqlBool>`case when true`, key, sql<SqlBool>`true then true else true end`],
      () => [sql<SqlBool>`${n} = 1 /*`, key, sql<SqlBool>`*/ or true`],
      () => [(eb) => eb.and([key(eb), cond()])],
      () => [(eb) => eb.and([cond(), key(eb)])]
    ])()
  }
  const select = () => chain().reduce(
    (query, each) => query.where(each), db.selectFrom(table()).select(['id', 'n'])
  )
  const update = () => chain().reduce(
    (query, each) => query.where(each),
    db.updateTable(table()).set({
      n: pick<number | RawBuilder<number>>([k(), sql<number>`${n} + ${k()}`, sql<number>`${k()}, id = ${id()}`])
    })
  )
  const del = () => chain().reduce((query, each) => query.where(each), db.deleteFrom(table()))
  const insert = () => db.insertInto('b').values({ id: id(), n: k() })

  const reads: [() => Compilable, ...(() => Compilable)[]] = [
    select,
    select,
    () => select().orderBy(n).orderBy(cond()),
    () => select().groupBy(['id', 'n']).having(cond()),
    () => db.selectFrom(table()).select('n').where('id', '=', id()).groupBy('id').having(cond()),
    () => db.selectFrom(table()).select('n').where('id', '=', id()).modifyEnd(sql`or ${cond()}`),
    () => db.selectFrom(table()).select('n').modifyFront(sql`count(*),`).where('id', '=', id()),
    () => db.selectFrom(table()).select(cond().as('n')).where('id', '=', id()),
    () => db.selectFrom(table()).select('n').where('id', '=', id())
      .orderBy(({ fn }) => fn.countAll()),
    () => db.selectFrom('a').innerJoin('b', (on) => on.onRef('b.id', '=', 'a.b_id').on(
      sql<SqlBool>`${sql.ref('a.id')} = ${id()} or ${sql.ref('b.n')} = ${k()}`
    )).select(['a.id', 'b.n']).where('a.id', '=', id())
  ]
  const writes: [() => Compilable, ...(() => Compilable)[]] = [
    update,
    update,
    del,
    () => update().returning(cond().as('n')),
    () => db.updateTable(table()).set({ n: k() }).where('id', '=', id()).modifyEnd(sql`or id = 3`),
    () => db.deleteFrom(table()).where('id', '=', id()).modifyEnd(sql`or ${cond()}`),
    () => db.insertInto('b').values({ id: id(), n: sql`${k()}), (${id()}, ${k()}` }),
    () => insert().modifyEnd(sql`, (${id()}, ${k()})`),
    () => insert().onConflict((on) =>
      on.column('id').doUpdateSet({ n: sql`${k()}, id = ${id()}` })),
    () => insert().onConflict((on) => on.column('id').doUpdateSet({ n: k() }).where(cond())),
    () => insert().modifyEnd(sql`on conflict (id) do update set id = 9`)
  ]
  return { reads, writes }
}
