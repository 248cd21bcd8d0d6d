import t from 'tap'
import { curlOf } from '../curl.js'
import { pathOf } from '../exchange.js'
import { quantile, timesOf } from '../round-trips.js'
import {
  addressOf, administrations, examplesOf, originsOf, type Service, tagsOf, withDemo
} from '../services.js'

const service = (name: string, more: Partial<Service> = {}): Service => ({
  service: name,
  instances: [`${name}-1`],
  publicUrl: null,
  namespace: null,
  cacheAdmin: [],
  demos: {},
  routes: [],
  ...more
})
const route = (url: string, more: Partial<Service['routes'][number]> = {}) =>
  ({ url, cached: true, examples: [url], tags: [], ...more })

t.test('addresses of services, here and elsewhere', async (t) => {
  const here = service('here', {
    cacheAdmin: ['/cache'],
    routes: [
      route('/slow', { cached: false }),
      route('/a', { tags: ['a', 'all'] }),
      route('/b/:id', { examples: [], tags: ['all'] })
    ]
  })
  const there = service('there', {
    publicUrl: 'https://there.example/base',
    cacheAdmin: ['/one', '/two'],
    demos: { products: '/p' },
    routes: [route('/a')]
  })
  const all = [here, there]
  t.equal(addressOf(here, '/a'), '/a')
  t.equal(addressOf(there, '/a'), 'https://there.example/base/a')
  t.same(examplesOf(all), ['/a', 'https://there.example/base/a', '/slow'])
  t.same(examplesOf(all, true), ['/a', 'https://there.example/base/a'])
  t.same(administrations(all).map(({ id, label }) => [id, label]), [
    ['/cache', 'here'],
    ['https://there.example/base/one', 'there /one'],
    ['https://there.example/base/two', 'there /two']
  ])
  t.same(tagsOf(here), ['a', 'all'])
  t.same(originsOf(all), ['https://there.example'])
  t.equal(withDemo(all, 'products'), there)
  t.equal(withDemo(all, 'toString'), undefined)
})

t.test('typed addresses of announced origins are whole URLs, others a mistake', async (t) => {
  const origins = ['https://there.example']
  t.same(pathOf('https://there.example/a?b=1', 'https://here.example', origins), {
    path: 'https://there.example/a?b=1'
  })
  t.match(pathOf('https://evil.example/a', 'https://here.example', origins), {
    mistake: /evil\.example/
  })
  t.equal(
    curlOf({ method: 'GET', path: 'https://there.example/a' }, 'https://here.example'),
    "curl -i 'https://there.example/a'"
  )
})

t.test('round trips by way', async (t) => {
  const times = timesOf([
    { way: 'cached', ms: 3, outcome: 'miss' },
    { way: 'cached', ms: 1, outcome: 'l1' },
    { way: 'cached', ms: 2, outcome: 'l1' },
    { way: 'computed', ms: 9, outcome: 'bypass' }
  ])
  t.match(times, {
    cached: { all: [1, 2, 3], p50: 2, outcomes: ['miss', 'l1'] },
    computed: { p50: 9 }
  })
  t.equal(quantile([], 0.5), undefined)
  t.equal(quantile([1, 2], 0.9), 2)
})
