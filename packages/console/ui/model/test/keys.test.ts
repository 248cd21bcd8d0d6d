import t from 'tap'
import { parseHash } from '../hash.js'
import { addressOf, requestOf, titleOf, urlIn, viewOf } from '../keys.js'

t.test('a view is its address', async (t) => {
  const view = {
    namespace: 'responses',
    filters: { tag: 'a&b=#c', state: 'stale', minBytes: '1.5', minAge: '2' },
    cursor: '12@127.0.0.1:7000',
    key: 'http://shop/products?x=1\n/products []'
  }
  const address = addressOf(view)
  t.same(viewOf(parseHash(address).query), view)
  t.equal(parseHash(address).path[0], 'keys')
  t.same(viewOf(new URLSearchParams('tag=&other=1')), {
    namespace: undefined,
    filters: {},
    cursor: undefined,
    key: undefined
  })
  const query = new URLSearchParams(requestOf(view, 50).split('?')[1])
  t.same(Object.fromEntries(query), {
    namespace: 'responses',
    limit: '50',
    tag: 'a&b=#c',
    state: 'stale',
    minBytes: '1536',
    minAge: '120000',
    cursor: '12@127.0.0.1:7000'
  })
})

t.test('a number that is none is left for the API to refuse', async (t) => {
  const view = viewOf(new URLSearchParams('namespace=n&minAge=x'))
  t.match(requestOf(view, 10), 'minAge=x')
})

t.test('the title of a key is the path of a response', async (t) => {
  t.equal(titleOf({ key: 'k', url: 'http://shop/products/1?a=b' }), '/products/1?a=b')
  t.equal(titleOf({ key: 'k', url: 'http://shop' }), '/')
  t.equal(urlIn('http://shop/a\n/a []'), 'http://shop/a')
  t.equal(urlIn('product:1'), null)
  t.equal(titleOf({ key: 'product:1', url: null }), 'product:1')
})
