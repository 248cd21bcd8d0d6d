import { gzipSync } from 'node:zlib'
import t from 'tap'
import { Checker, type Received } from '../bench/proxy/check.js'
import { beginOf, contentOf, type Resource, versionAt } from '../bench/proxy/resources.js'
import { makeTrace, type Step } from '../bench/proxy/trace.js'

const SHAPE = { seed: 1, requests: 2000, bursts: 7, urls: 100 }

t.test('a seed repeats its trace, and another seed or order makes another', (t) => {
  const text = (options: Partial<typeof SHAPE> & { order?: number }): string =>
    JSON.stringify(makeTrace({ ...SHAPE, ...options }))
  t.equal(text({}), text({}))
  t.not(text({}), text({ seed: 2 }))
  t.not(text({}), text({ order: 2 }))
  t.strictSame(
    makeTrace({ ...SHAPE, order: 2 }).resources,
    makeTrace(SHAPE).resources,
    'the order is of requests only'
  )
  t.end()
})

t.test('a trace contains every kind of request', (t) => {
  const { resources, bursts } = makeTrace({ ...SHAPE, urls: 300 })
  const steps = bursts.flat()
  t.equal(steps.length, 2000)
  t.equal(bursts.length, 7)
  const kinds: Record<string, (resource: Resource) => boolean> = {
    'not to be stored': ({ lifetime }) => lifetime === 0,
    's-maxage': ({ cacheControl }) => cacheControl.includes('s-maxage'),
    'by encoding': ({ vary }) => vary === 'accept-encoding',
    'by language': ({ vary }) => vary === 'accept-language',
    'by tag': ({ validators }) => validators === 'etag',
    'by date': ({ validators }) => validators === 'last-modified',
    large: ({ size }) => size > 256 * 1024
  }
  for (const [what, is] of Object.entries(kinds)) t.ok(resources.some(is), what)
  t.ok(steps.some(({ range }) => range !== undefined), 'ranges')
  const counts = new Map<number, number>()
  for (const { resource: { id } } of steps) counts.set(id, (counts.get(id) ?? 0) + 1)
  t.ok(Math.max(...counts.values()) > 200, 'the most popular has a sixth of the requests')
  t.end()
})

const NOW = Date.UTC(2026, 0, 1)
const plain: Resource = {
  id: 7,
  path: '/resources/7',
  size: 3000,
  cacheControl: 'max-age=2',
  lifetime: 2,
  period: 5,
  vary: undefined,
  validators: 'etag'
}
const step = (
  resource: Partial<Resource>,
  headers: Step['headers'] = {},
  range?: Step['range']
): Step => ({
  resource: { ...plain, ...resource },
  headers: { 'accept-encoding': 'gzip', 'accept-language': 'de', ...headers },
  range
})
const answer = (body: Buffer, rest: Partial<Received> = {}): Received =>
  ({ status: 200, headers: {}, body, sentAt: NOW, receivedAt: NOW + 10, ...rest })
const version = versionAt(plain, NOW)
const content = contentOf(plain, version, 'en')

t.test('correct responses pass', (t) => {
  const before = beginOf(plain, version)
  const rows: Record<string, readonly [Step, Received]> = {
    whole: [step({}), answer(content, { headers: { etag: `"7-${version}-en"` } })],
    gzip: [
      step({ vary: 'accept-encoding' }),
      answer(gzipSync(content), { headers: { 'content-encoding': 'gzip' } })
    ],
    language: [step({ vary: 'accept-language' }), answer(contentOf(plain, version, 'de'))],
    part: [
      step({}, {}, [10, 19]),
      answer(content.subarray(10, 20), {
        status: 206,
        headers: { 'content-range': 'bytes 10-19/3000' }
      })
    ],
    'whole instead of a part': [step({}, {}, [10, 19]), answer(content)],
    'fresh still': [
      step({}),
      answer(contentOf(plain, version - 1, 'en'), {
        sentAt: before + 2000,
        receivedAt: before + 2010
      })
    ],
    'new while it was on its way': [
      step({}),
      answer(contentOf(plain, version, 'en'), { sentAt: before - 5, receivedAt: before + 5 })
    ]
  }
  for (const [what, [asked, got]] of Object.entries(rows)) {
    t.equal(new Checker().fault(asked, got), undefined, what)
  }
  t.end()
})

t.test('wrong responses are found', (t) => {
  const before = beginOf(plain, version)
  const broken = Buffer.from(content)
  broken[2999] = 0
  const rows: Record<string, readonly [string, Step, Received]> = {
    'an error': ['status', step({}), answer(content, { status: 502 })],
    'a part that was not asked for': ['status', step({}), answer(content, { status: 206 })],
    'another URL': ['content', step({}), answer(contentOf({ ...plain, id: 8 }, version, 'en'))],
    'one byte': ['content', step({}), answer(broken)],
    'broken off': ['content', step({}), answer(content.subarray(0, 2999))],
    stale: [
      'content',
      step({}),
      answer(contentOf(plain, version - 1, 'en'), {
        sentAt: before + 3100,
        receivedAt: before + 3110
      })
    ],
    'from the future': ['content', step({}), answer(contentOf(plain, version + 1, 'en'))],
    'another language': [
      'variant',
      step({ vary: 'accept-language' }),
      answer(contentOf(plain, version, 'fr'))
    ],
    'a coding that was not accepted': [
      'encoding',
      step({}, { 'accept-encoding': 'identity' }),
      answer(gzipSync(content), { headers: { 'content-encoding': 'gzip' } })
    ],
    'a coding in name only': [
      'encoding',
      step({}),
      answer(content, { headers: { 'content-encoding': 'gzip' } })
    ],
    'another part': [
      'range',
      step({}, {}, [10, 19]),
      answer(content.subarray(11, 21), {
        status: 206,
        headers: { 'content-range': 'bytes 11-20/3000' }
      })
    ],
    'bytes of another part': [
      'content',
      step({}, {}, [10, 19]),
      answer(content.subarray(11, 21), {
        status: 206,
        headers: { 'content-range': 'bytes 10-19/3000' }
      })
    ],
    'the tag of another version': [
      'etag',
      step({}),
      answer(content, { headers: { etag: `"7-${version - 1}-en"` } })
    ]
  }
  for (const [what, [fault, asked, got]] of Object.entries(rows)) {
    t.equal(new Checker().fault(asked, got), fault, what)
  }
  t.end()
})

t.test('an uncacheable response must not reach another client', (t) => {
  const checker = new Checker()
  const asked = step({ lifetime: 0, cacheControl: 'no-store' })
  const [one, two] = ['#1', '#2'].map((serial) => answer(contentOf(plain, serial, 'en')))
  if (one === undefined || two === undefined) throw new Error('two answers')
  t.equal(checker.fault(asked, one), undefined)
  t.equal(checker.fault(asked, two), undefined)
  t.equal(checker.fault(asked, one), 'shared')
  t.equal(new Checker().fault(asked, answer(content)), 'content', 'it has a serial number')
  t.end()
})
