import t from 'tap'
import { isValid } from '../src/rule-v.js'
import { TagTable } from '../src/tag-table.js'
import { stopDate } from './clock.js'

/** The stamps from 1 to `most` with which an entry would be valid. */
const valid = (table: TagTable, tags: readonly string[], { key = 'key', most = 40 } = {}) =>
  Array.from({ length: most }, (_, i) => i + 1).filter((stamp) =>
    isValid({ key, stamp, tags }, table)
  )
/** The highest stamp that is no longer valid. */
const endsAt = (table: TagTable, tags: readonly string[], key = 'key') =>
  (valid(table, tags, { key })[0] ?? Infinity) - 1

t.test('an entry has to be above the floor and each of its tags', async (t) => {
  const table = new TagTable(10, 100)
  table.record('a', 20)
  table.record('b', 30)
  t.strictSame(
    [
      endsAt(table, []),
      endsAt(table, ['c']),
      endsAt(table, ['a']),
      endsAt(table, ['a', 'b', 'c'])
    ],
    [10, 10, 20, 30]
  )
})

t.test('beyond its limit the oldest records are dropped, and the floor rises to them', async (t) => {
  const table = new TagTable(0, 2)
  table.record('a', 1)
  table.record('b', 2)
  table.record('a', 3)
  table.record('c', 4)
  t.equal(table.stamps.size, 2)
  t.equal(table.floor, 2, 'b was the oldest: a has been recorded again')
  t.strictSame([endsAt(table, ['b']), endsAt(table, ['a']), endsAt(table, ['c'])], [2, 3, 4])
})

t.test('raising the floor drops covered records, and never lowers it', async (t) => {
  const table = new TagTable(0, 100)
  for (const [i, tag] of ['a', 'b', 'c'].entries()) table.record(tag, i + 1)
  table.raise(2)
  t.strictSame(
    [table.stamps.size, table.floor, endsAt(table, ['a']), endsAt(table, ['c'])],
    [1, 2, 2, 3]
  )
  table.raise(1)
  t.equal(table.floor, 2)
  table.raise(9)
  t.strictSame([table.stamps.size, endsAt(table, ['c'])], [0, 9])
})

t.test('a table without room applies only its floor', async (t) => {
  const table = new TagTable(0, 0)
  table.record('a', 5)
  t.strictSame([table.stamps.size, endsAt(table, [])], [0, 5])
})

t.test(
  'a replacement ends only earlier entries of its key, until the replaced entry would have expired',
  async (t) => {
    const date = stopDate(t)
    const table = new TagTable(0, 100)
    table.replace('a', 5, Date.now() + 1000)
    table.replace('b', 6, Date.now() + 5000)
    t.strictSame(
      [endsAt(table, [], 'a'), endsAt(table, [], 'b'), endsAt(table, ['a'], 'c')],
      [5, 6, 0]
    )
    date.advance(1000)
    for (let i = 0; i < 3; i++) table.replace('c', 7 + i, Date.now() + 1000)
    t.strictSame([endsAt(table, [], 'a'), endsAt(table, [], 'b'), table.replaced.size], [0, 6, 2])
  }
)

t.test(
  'beyond the limit the oldest replacements are dropped, and the floor rises over those that have not expired',
  async (t) => {
    const date = stopDate(t)
    const table = new TagTable(0, 2)
    const later = Date.now() + 60_000
    table.replace('a', 1, Date.now() + 1000)
    date.advance(1000)
    for (const [i, key] of ['b', 'c'].entries()) table.replace(key, i + 2, later)
    t.strictSame([table.replaced.size, table.floor], [2, 0])
    table.replace('d', 10, Infinity)
    t.strictSame([table.replaced.size, table.floor], [2, 2])
    table.replace('e', 11, later)
    t.strictSame([table.replaced.size, table.floor], [2, 3])
  }
)

t.test('the cost of dropping the oldest does not depend on how many were dropped before', async (t) => {
  // Counts steps, not time: the oldest is found without walking over dropped records.
  const table = new TagTable(0, 1000)
  let stamp = 0
  for (let i = 0; i < 200_000; i++) table.record(`tag-${i}`, ++stamp)
  t.equal(table.stamps.size, 1000)
  t.equal(table.floor, stamp - 1000)
  t.strictSame(table.stamps.oldest(), ['tag-199000', 199_001])
})
