import t from 'tap'
import { type FleetEvent } from '../api.js'
import { routeCode } from '../route-code.js'
import { mainTags, tagsOf, touchOf } from '../touches.js'

t.test('the options of a route, as one would write them', async (t) => {
  const code = routeCode('GET /api/products/:id', {
    ttl: '60s',
    staleIfError: 5000,
    public: true,
    tags: ['products', "it's {id}"],
    unless: { function: true },
    vary: ['accept-language']
  })
  t.equal(code, `app.get('/api/products/:id', {
  config: {
    cache: {
      ttl: '60s',
      staleIfError: 5000,
      public: true,
      tags: ['products', 'it\\'s {id}'],
      unless: (request) => /* true or false */,
      vary: ['accept-language']
    }
  }
}, handler)`)
  t.match(routeCode('QUERY /search', {}), /app\.route\(\{\n {2}method: 'QUERY',\n {2}url: '\/search'/)
  t.match(routeCode('GET /a', { other: { function: true }, 'a-b': { c: [1, null] } }), /'a-b': \{ c: \[1, null\] \}/)
})

const event = (tags: string[], more: Partial<FleetEvent> = {}): FleetEvent => ({
  id: 1,
  at: 0,
  kind: 'invalidated',
  service: 'catalog',
  instance: 'catalog-1',
  namespace: 'catalog',
  tags,
  about: null,
  ...more
})

t.test('which invalidations touched a route', async (t) => {
  const subject = {
    service: 'catalog',
    route: 'GET /api/products/:id',
    config: { tags: ['products', 'product:{id}', 'a.b'] }
  }
  const table: [FleetEvent, string | undefined][] = [
    [event([]), 'all'],
    [event(['x', 'products']), 'tag'],
    [event(['product:17']), 'tag'],
    [event(['product:']), undefined],
    [event(['aXb']), undefined],
    [event(['http://shop.test/api/products/17']), 'url'],
    [event(['/api/products/17?a=b']), 'url'],
    [event(['/api/products']), undefined],
    [event(['/api/products/17/more']), undefined],
    [event(['products'], { service: 'weather' }), undefined],
    [event(['products'], { kind: 'started' }), undefined]
  ]
  for (const [one, touch] of table) t.equal(touchOf(one, subject), touch, one.tags.join())
  t.equal(touchOf(event(['products']), { ...subject, config: null }), undefined)
  t.equal(touchOf(event(['/files/a/b']), { ...subject, route: 'GET /files/*' }), 'url')
  t.strictSame(tagsOf(null), [])
  t.strictSame(tagsOf({ tags: { function: true } }), undefined)
})

t.test('tags that an invalidated URL brings along are left out', async (t) => {
  t.strictSame(mainTags(['b', 'http://s/a', 'http://s/a#', 'POST http://s/a']), ['b', 'http://s/a'])
  t.strictSame(mainTags(['POST http://s/a', 'A b', 'c#']), ['POST http://s/a', 'A b', 'c#'])
})
