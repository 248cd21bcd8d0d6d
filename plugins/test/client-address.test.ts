import { fastify, type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { addressesOf, addressOf } from '../client-address.js'
import { clientOf, parseAddress } from '../rate-limit/addresses.js'
import { limitedApp } from './support/limited-app.js'
import { Random } from '@weir/internal/testing'

/** Answers with the address of the client, and with those of all hops. */
function echo (t: Test, trustProxy: string | false = '10.0.0.0/8'): FastifyInstance {
  const app = fastify({ trustProxy })
  t.teardown(() => app.close())
  app.get('/', async (request) => ({ ip: addressOf(request), ips: addressesOf(request) }))
  return app
}

interface Hop {
  readonly 'x-forwarded-for'?: string
  readonly forwarded?: string
}

interface Seen {
  readonly ip: string
  readonly ips: readonly string[]
}

async function seen (
  app: FastifyInstance,
  headers: Hop,
  remoteAddress = '10.0.0.1'
): Promise<Seen> {
  return (await app.inject({ url: '/', remoteAddress, headers: { ...headers } })).json<Seen>()
}

const TABLE: readonly [what: string, headers: Hop, ip: string][] = [
  ['nothing', {}, '10.0.0.1'],
  ['an address', { 'x-forwarded-for': '203.0.113.7' }, '203.0.113.7'],
  ['an address and a port', { 'x-forwarded-for': '203.0.113.7:4711' }, '203.0.113.7'],
  ['IPv6', { 'x-forwarded-for': '2001:db8::1' }, '2001:db8::1'],
  ['IPv6 in brackets', { 'x-forwarded-for': '[2001:db8::1]' }, '2001:db8::1'],
  ['IPv6 and a port', { 'x-forwarded-for': '[2001:db8::1]:4711' }, '2001:db8::1'],
  ['quotes, as of Forwarded', { 'x-forwarded-for': '"[2001:db8::1]:4711"' }, '2001:db8::1'],
  ['a trusted hop with a port', { 'x-forwarded-for': '203.0.113.7:1, 10.0.0.2:2' }, '203.0.113.7'],
  [
    'a client that names another',
    { 'x-forwarded-for': '198.51.100.1:1, 203.0.113.7:2' },
    '203.0.113.7'
  ],
  ['a port that is none', { 'x-forwarded-for': '203.0.113.7:' }, 'unknown'],
  ['IPv4 in brackets', { 'x-forwarded-for': '[203.0.113.7]:1' }, 'unknown'],
  ['text', { 'x-forwarded-for': 'anything' }, 'unknown'],
  ['Forwarded', { forwarded: 'for=203.0.113.7' }, '203.0.113.7'],
  [
    'any case and more parameters',
    { forwarded: 'by=_a;FOR="203.0.113.7:4711";proto=https' },
    '203.0.113.7'
  ],
  ['Forwarded with IPv6', { forwarded: 'for="[2001:db8::1]"' }, '2001:db8::1'],
  ['Forwarded with IPv6 and a port', { forwarded: 'for="[2001:db8::1]:4711"' }, '2001:db8::1'],
  ['a hidden port', { forwarded: 'for="203.0.113.7:_p"' }, '203.0.113.7'],
  ['a client that is unknown', { forwarded: 'for=unknown' }, 'unknown'],
  ['a client that is hidden', { forwarded: 'for=_SEVKISEK' }, 'unknown'],
  [
    'hops',
    { forwarded: 'for=198.51.100.1, for=203.0.113.7;by="x, y", for=10.0.0.2' },
    '203.0.113.7'
  ],
  ['a quote left open', { forwarded: 'for=1.1.1.1;x=", for=203.0.113.7' }, '203.0.113.7'],
  ['a quote left open before IPv6', { forwarded: 'for=", for="[2001:db8::1]:1"' }, '2001:db8::1'],
  ['an element without for', { forwarded: 'for=198.51.100.1, proto=https' }, 'unknown'],
  [
    'both: X-Forwarded-For',
    { forwarded: 'for=198.51.100.1', 'x-forwarded-for': '203.0.113.7' },
    '203.0.113.7'
  ],
  ['both, one empty', { forwarded: 'for=203.0.113.7', 'x-forwarded-for': ' ' }, '203.0.113.7']
]

t.test('the address of a client, in every format that proxies write', async (t) => {
  const app = echo(t)
  for (const [what, headers, ip] of TABLE) t.equal((await seen(app, headers)).ip, ip, what)
})

t.test('a client that is no proxy keeps its own address', async (t) => {
  const [proxied, direct] = [echo(t), echo(t, false)]
  for (const [what, headers] of TABLE) {
    t.strictSame(
      await seen(proxied, headers, '192.0.2.1'),
      { ip: '192.0.2.1', ips: ['192.0.2.1'] },
      what
    )
    t.equal((await seen(direct, headers, '10.0.0.1')).ip, '10.0.0.1', what)
  }
})

t.test('all hops, the nearest first', async (t) => {
  const { ips } = await seen(echo(t), {
    forwarded: 'for="198.51.100.1:9", for="203.0.113.7:1", for="10.0.0.2:_x"'
  })
  t.strictSame(ips, ['10.0.0.1', '10.0.0.2', '203.0.113.7'])
})

/** Values that a client may send for a field to which proxies append. */
const EVIL = [
  'for=1.1.1.1',
  '1.1.1.1:80',
  'for="1.1.1.1',
  '"',
  'for="[::1]:1"',
  ',',
  ';',
  '\\',
  'for=";',
  'for="\\"',
  '=',
  '10.0.0.9',
  'for=10.0.0.9',
  ' ',
  '[',
  ']',
  '[::1',
  'for=_x',
  'unknown',
  'x="a, b"',
  'for=1.1.1.1;by="',
  '\t'
] as const

t.test('generated: no port, format or preceding text changes the identity of the client', async (t) => {
  const app = echo(t)
  for (let seed = 1; seed <= 1500; seed++) {
    const random = new Random(seed)
    const isV6 = random.next() < 0.5
    const byte = () => random.integer(1, 254)
    const client = isV6 ? `2001:db8::${byte().toString(16)}` : `203.0.113.${byte()}`
    const port = () => random.pick(['', `:${random.integer(1, 65_535)}`])
    const bare = (address: string, port: string) =>
      address.includes(':') ? `[${address}]${port}` : `${address}${port}`
    const hops = [
      client,
      ...Array.from({ length: random.integer(0, 3) }, () => `10.${byte()}.${byte()}.${byte()}`)
    ]
    const evil = Array.from({ length: random.integer(0, 5) }, () => random.pick(EVIL)).join('')
    const element = (address: string) => {
      const node = bare(address, random.pick([port(), ':_p']))
      const text = /[:[]/.test(node) || random.next() < 0.5 ? `"${node}"` : node
      const before = random.pick(['', 'proto=https;', 'by="_a,b";', 'host=x; '])
      return `${before}${random.pick(['for', 'For', 'FOR'])}=${text}${random.pick(['', ';proto=http', ' ; by=_y'])}`
    }
    const isField = random.next() < 0.5
    const written = hops
      .map((hop) => (isField ? element(hop) : bare(hop, port())))
      .join(random.pick([',', ', ', ' , ']))
    const value = evil === '' ? written : `${evil}, ${written}`
    const { ip } = await seen(app, isField ? { forwarded: value } : { 'x-forwarded-for': value })
    if (ip !== client) t.fail(`seed ${seed}: ${value} is ${ip}`)
  }
  t.ok(t.passing())
})

t.test('clients by address', async (t) => {
  const rows: readonly [address: string, client: string][] = [
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['64:ff9b::192.0.2.1', '192.0.2.1'],
    ['64:ff9b::c000:202', '192.0.2.2'],
    ['64:ff9b:0:0:0:1:c000:202', '64:ff9b::'],
    ['2001:db8:1:2::1', '2001:db8:1:2::'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::'],
    ['64:ff9b:1:c000:2:100::', '64:ff9b:1:c000:2:100::'],
    ['64:ff9b:1:c000:2:200::', '64:ff9b:1:c000:2:200::'],
    ['64:ff9b:1::192.0.2.1', '64:ff9b:1::c000:201'],
    ['64:ff9b:2::1', '64:ff9b:2::'],
    ['unknown', 'unknown']
  ]
  for (const [address, client] of rows) {
    const found = clientOf(parseAddress(address))
    t.equal(
      found === 'unknown' ? found : parseAddress(found)?.toString(),
      client === 'unknown' ? client : parseAddress(client)?.toString(),
      address
    )
  }
})

t.test(
  'a client has one budget, regardless of the port and format of its proxy',
  async (t) => {
    const app = await limitedApp(t, { limit: 1, window: '1h' }, { trustProxy: '10.0.0.0/8' })
    app.get('/x', async () => 'hello')
    const from = async (headers: Hop) =>
      (await app.inject({ url: '/x', remoteAddress: '10.0.0.1', headers: { ...headers } }))
        .statusCode
    t.equal(await from({ 'x-forwarded-for': '203.0.113.7:1001' }), 200)
    t.equal(await from({ 'x-forwarded-for': '203.0.113.8:1001' }), 200, 'two clients have two budgets')
    const same: Hop[] = [
      { 'x-forwarded-for': '203.0.113.7:1002' },
      { 'x-forwarded-for': '203.0.113.7' },
      { forwarded: 'for="203.0.113.7:1003"' },
      { 'x-forwarded-for': '64:ff9b::203.0.113.7' },
      { forwarded: 'for="[::ffff:203.0.113.7]:1004"' }
    ]
    for (const headers of same) t.equal(await from(headers), 429, JSON.stringify(headers))
    t.equal(await from({ 'x-forwarded-for': '[2001:db8::1]:1' }), 200)
    t.equal(await from({ forwarded: 'for="[2001:db8::2]:2"' }), 429)
    t.equal(await from({ forwarded: 'for=_a' }), 200)
    t.equal(await from({ forwarded: 'for=_b' }), 429, 'clients hidden by a proxy are one client')
  }
)

t.test('lists match addresses with a port or through NAT64', async (t) => {
  const app = await limitedApp(t, {
    limit: 9, window: '1h', deny: ['203.0.113.0/24', '64:ff9b::198.51.100.0/120']
  }, { trustProxy: '10.0.0.0/8' })
  app.get('/x', async () => 'hello')
  const from = async (address: string) =>
    (
      await app.inject({
        url: '/x',
        remoteAddress: '10.0.0.1',
        headers: { 'x-forwarded-for': address }
      })
    ).statusCode
  for (const denied of [
    '203.0.113.7:1',
    '64:ff9b::203.0.113.7',
    '198.51.100.9',
    '[64:ff9b::198.51.100.9]:2'
  ]) {
    t.equal(await from(denied), 403, denied)
  }
  for (const served of ['192.0.2.1:1', '64:ff9b::192.0.2.1', '[2001:db8::1]:1']) {
    t.equal(await from(served), 200, served)
  }
})
