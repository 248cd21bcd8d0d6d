import t from 'tap'
import { nextOrder, sorted, type Sortable } from '../sort.js'

const by = (values: Sortable[], direction: 'ascending' | 'descending') =>
  sorted(values, (value) => value, direction)

t.test(
  'numbers by size, text as people sort it, and what is unknown last either way',
  async (t) => {
    t.strictSame(by([10, 9, null, 100], 'ascending'), [9, 10, 100, null])
    t.strictSame(by([10, undefined, 9, 100], 'descending'), [100, 10, 9, undefined])
    t.strictSame(by(['b-10', 'B-2', 'a'], 'ascending'), ['a', 'B-2', 'b-10'])
    t.strictSame(by([true, false, true], 'ascending'), [false, true, true])
  }
)

t.test('equal rows keep their order, and the rows given are left alone', async (t) => {
  const rows = [{ name: 'x', n: 1 }, { name: 'y', n: 1 }, { name: 'z', n: 0 }]
  t.strictSame(sorted(rows, ({ n }) => n, 'descending').map(({ name }) => name), ['x', 'y', 'z'])
  t.strictSame(sorted(rows, ({ n }) => n, 'ascending').map(({ name }) => name), ['z', 'x', 'y'])
  t.equal(rows[0]?.name, 'x')
})

t.test('a press turns the column, or begins another', async (t) => {
  const order = { column: 'requests', direction: 'descending' } as const
  t.strictSame(nextOrder(order, 'requests', 'descending'), {
    column: 'requests',
    direction: 'ascending'
  })
  t.strictSame(nextOrder({ ...order, direction: 'ascending' }, 'requests', 'descending'), order)
  t.strictSame(nextOrder(order, 'route', 'ascending'), { column: 'route', direction: 'ascending' })
})
