import t from 'tap'
import { changesOf, draftOf } from '../draft.js'

const product = {
  id: 1,
  sku: 'A',
  name: 'Mug',
  description: '',
  categoryId: 1,
  price: 899,
  stock: 3,
  version: 1,
  updatedAt: ''
}
const draft = draftOf(product)

t.test('what is not changed is not sent', async (t) => {
  t.strictSame(draft, { name: 'Mug', price: '8.99', stock: '3', description: '' })
  t.strictSame(changesOf(draft, product), { changes: {}, mistakes: {} })
  t.strictSame(changesOf({ ...draft, price: '9' }, product).changes, { price: 900 })
  t.strictSame(
    changesOf({ name: 'Cup', price: '8,99', stock: ' 4 ', description: 'x' }, product).changes,
    { name: 'Cup', stock: 4, description: 'x' }
  )
})

t.test('what cannot be sent is named', async (t) => {
  t.strictSame(
    Object.keys(changesOf({ ...draft, name: ' ', price: 'much', stock: '-1' }, product).mistakes),
    ['name', 'price', 'stock']
  )
})
