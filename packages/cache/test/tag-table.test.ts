import t from 'tap'
import { TagTable } from '../src/tag-table.js'

t.test('the barrier is the highest of the floor and the tags\' records', async (t) => {
  const table = new TagTable(10, 100)
  table.record('a', 20)
  table.record('b', 30)
  t.strictSame([table.barrier([]), table.barrier(['c']), table.barrier(['a']), table.barrier(['a', 'b', 'c'])], [10, 10, 20, 30])
})

t.test('beyond its limit the oldest go, and the floor rises to them', async (t) => {
  const table = new TagTable(0, 2)
  table.record('a', 1)
  table.record('b', 2)
  table.record('a', 3)
  table.record('c', 4)
  t.equal(table.size, 2)
  t.equal(table.floor, 2, 'b was the oldest: a has been recorded again')
  t.strictSame([table.barrier(['b']), table.barrier(['a']), table.barrier(['c'])], [2, 3, 4])
})

t.test('raising the floor drops what it covers, and never lowers it', async (t) => {
  const table = new TagTable(0, 100)
  for (const [i, tag] of ['a', 'b', 'c'].entries()) table.record(tag, i + 1)
  table.raise(2)
  t.strictSame([table.size, table.floor, table.barrier(['a']), table.barrier(['c'])], [1, 2, 2, 3])
  table.raise(1)
  t.equal(table.floor, 2)
  table.raise(9)
  t.strictSame([table.size, table.barrier(['c'])], [0, 9])
})

t.test('a table of no size judges by its floor alone', async (t) => {
  const table = new TagTable(0, 0)
  table.record('a', 5)
  t.strictSame([table.size, table.barrier([])], [0, 5])
})
