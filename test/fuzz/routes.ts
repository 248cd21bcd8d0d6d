import type { Random } from '../coherence/random.js'
import { urlValue } from './values.js'

export const SERVICES = ['catalog', 'weather', 'stats', 'storefront'] as const
export type ServiceName = typeof SERVICES[number]

/**
 * A template for request targets: a path of one service with its parameters, and the query
 * parameters that it knows.
 */
interface Place {
  /** `:name` stands for one of `values`. */
  readonly path: string
  readonly values?: readonly string[]
  readonly query?: Readonly<Record<string, readonly string[]>>
  /** Methods of the path. Default: GET. */
  readonly methods?: readonly string[]
}

const list = {
  page: ['1', '2', '7'],
  limit: ['1', '5', '20', '100'],
  category: ['cookware', 'tableware'],
  q: ['iron', 'iron pan', 'pan'],
  minPrice: ['0', '500'],
  maxPrice: ['900', '100000'],
  sort: ['newest', 'name', '-name', 'price', '-price'],
  after: ['1', 'x']
}
const place = {
  city: ['Berlin', 'Paris', 'New%20York'],
  latitude: ['52.5', '-33.9', '90'],
  longitude: ['13.4', '151.2', '180'],
  units: ['metric', 'imperial']
}
const shop = {
  page: ['1', '2', '400', '401'],
  q: ['iron', 'iron%20pan', ''],
  category: ['cookware', 'tableware', ''],
  minPrice: ['', '5', '12.50'],
  maxPrice: ['', '100'],
  sort: ['newest', 'name', 'price', '-price'],
  debug: ['cache']
}
const range = { from: ['1700000000000', '0'], to: ['1800000000000', '1'] }
const common: readonly Place[] = [
  { path: '/health/live' },
  { path: '/health/ready' },
  { path: '/metrics' },
  { path: '/docs/json' },
  { path: '/docs/' },
  { path: '/docs/static/:x', values: ['index.html', 'x.js'] },
  { path: '/' },
  { path: '/:x', values: ['favicon.ico', 'robots.txt', '.env', 'index.js', 'api'] },
  { path: '/api/:x', values: ['products', 'nothing'] },
  { path: '*' }
]

const PLACES: Readonly<Record<ServiceName, readonly Place[]>> = {
  catalog: [
    { path: '/api/products', query: list },
    { path: '/api/products', methods: ['POST'] },
    {
      path: '/api/products/:id',
      values: ['1', '17', '400', '9000', '123456'],
      methods: ['GET', 'PUT', 'PATCH', 'DELETE']
    },
    { path: '/api/products/:id', values: ['1', '2', '3'], query: { x: ['1'] } },
    { path: '/api/categories', methods: ['GET', 'POST'] },
    {
      path: '/api/categories/:slug',
      values: ['cookware', 'pens', 'f-1', 'none'],
      methods: ['GET', 'PUT', 'DELETE']
    },
    {
      path: '/api/catalog/compare',
      query: {
        path: [
          '/api/products/1',
          '/api/products%3Flimit%3D2',
          '/health/live',
          '/api/catalog/compare'
        ],
        samples: ['5', '6', '201']
      }
    },
    { path: '/api/catalog/cache/invalidations', methods: ['POST'] },
    {
      path: '/api/catalog/cache/entries',
      query: { url: ['/api/products/1', '/api/products%3Flimit%3D5', '/x'] }
    },
    { path: '/api/catalog/cache/stats' }
  ],
  weather: [
    { path: '/api/weather/current', query: place },
    { path: '/api/weather/forecast', query: { ...place, days: ['1', '7', '16', '17'] } },
    {
      path: '/api/weather/batch',
      query: { cities: ['Berlin', 'Berlin,Paris', 'Nowhere'], units: place.units }
    },
    { path: '/api/weather/cache/invalidations', methods: ['POST'] },
    {
      path: '/api/weather/cache/entries',
      query: { url: ['/api/weather/current%3Fcity%3DBerlin', '/x'] }
    },
    { path: '/api/weather/cache/stats' }
  ],
  stats: [
    ...['summary', 'routes', 'instances', 'limits'].map((name) => ({
      path: `/api/stats/${name}`,
      query: range
    })),
    {
      path: '/api/stats/history',
      query: { ...range, step: ['minute', 'hour'], service: ['catalog'], instance: ['catalog-1'] }
    },
    { path: '/api/stats/redis' },
    { path: '/api/stats/live' },
    { path: '/api/stats/demo-users' }
  ],
  storefront: [
    { path: '/shop', query: shop },
    { path: '/shop', query: shop },
    {
      path: '/shop/products/:id',
      values: ['1', '17', '400', '9000', '123456'],
      query: { debug: ['cache'] }
    },
    { path: '/shop/products/:id/edit', values: ['1', '17', '123456'], methods: ['GET', 'POST'] },
    { path: '/shop/account' },
    { path: '/shop/account/box', query: { product: ['1', '17'] } },
    { path: '/shop/account/:x', values: ['sign-in', 'demo', 'sign-out'], methods: ['POST'] },
    { path: '/shop/assets/:x', values: ['shop.css', 'shop-0000000000.css', 'icons.svg'] },
    { path: '/shop/cache/invalidations', methods: ['POST'] },
    { path: '/shop/cache/entries', query: { url: ['/shop', '/shop%3Fpage%3D2', '/x'] } },
    { path: '/shop/cache/stats' }
  ]
}

/** Draws a target of a request to the service, usually a valid one, and its methods. */
export function placeOf (
  random: Random,
  service: ServiceName
): { target: string; methods: readonly string[] } {
  const {
    path,
    values = [],
    query = {},
    methods = ['GET']
  } = random.pick(random.chance(0.15) ? common : PLACES[service])
  const filled = path.replace(/:\w+/, () => urlValue(random, values))
  const shape = random.next()
  const shaped =
    shape < 0.9
      ? filled
      : shape < 0.92
        ? `${filled}/`
        : shape < 0.94
          ? `/${filled}`
          : shape < 0.96
            ? `${filled}/${urlValue(random, ['x'])}`
            : shape < 0.98
              ? `http://shop.example${filled}`
              : filled.toUpperCase()
  const pairs = Object.entries(query)
    .filter(() => random.chance(0.4))
    .map(([name, right]) => `${name}=${urlValue(random, right).replaceAll(' ', '+')}`)
  if (random.chance(0.1)) {
    pairs.push(
      random.pick([
        '',
        '=',
        'x',
        'page',
        'q=a&q=b',
        'limit[]=1',
        'q[a]=1',
        '__proto__=1',
        'a=%',
        '&&',
        'X=1',
        `x=${'y'.repeat(3000)}`
      ])
    )
  }
  return {
    target: pairs.length === 0 ? shaped : `${shaped}?${random.shuffled(pairs).join('&')}`,
    methods
  }
}
