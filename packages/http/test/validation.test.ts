import t from 'tap'
import { fetchHeaders, outcomeOf, outcomeOfHead, type Headers, type Policy } from '../src/index.js'
import { at, NOW } from './support/exchange.js'

type Validators = Pick<Policy, 'etag' | 'lastModified'>

const strong: Validators = { etag: '"1"' }
const weak: Validators = { etag: 'W/"1"' }
const dated: Validators = { lastModified: at(-60) }
const both: Validators = { etag: '"1"', lastModified: at(-60) }
const neither: Validators = {}

t.test('RFC 9111 4.3.1: the request that validates', async (t) => {
  const table: [name: string, stored: Validators | undefined, sent: Headers][] = [
    ['an entity tag', strong, { 'if-none-match': '"1"' }],
    ['a weak one', weak, { 'if-none-match': 'W/"1"' }],
    ['one of odd form, as it is', { etag: 'w/"1"' }, { 'if-none-match': 'w/"1"' }],
    ['one that is not quoted, as it is', { etag: '1' }, { 'if-none-match': '1' }],
    ['Last-Modified', dated, { 'if-modified-since': at(-60) }],
    ['both', both, { 'if-none-match': '"1"', 'if-modified-since': at(-60) }],
    ['neither', neither, {}],
    ['nothing is stored', undefined, {}]
  ]
  const clients = {
    'if-match': '"c"',
    'if-none-match': '"c"',
    'if-modified-since': at(-9),
    'if-unmodified-since': at(-9),
    'if-range': '"c"',
    range: 'bytes=0-1'
  }
  const rest = { accept: 'text/html', authorization: 'Bearer x', 'cache-control': 'max-age=0' }
  for (const [name, stored, sent] of table) {
    t.strictSame(fetchHeaders(rest, stored), { ...rest, ...sent }, name)
    t.strictSame(
      fetchHeaders({ ...rest, ...clients }, stored),
      { ...rest, ...sent },
      `${name}, for a client with conditions of its own`
    )
  }
})

t.test('RFC 9111 4.3.3: what an answer means', async (t) => {
  for (const status of [
    200, 201, 203, 204, 206, 301, 302, 400, 401, 404, 410, 412, 416, 429, 501, 505, 599
  ]) {
    t.equal(outcomeOf(both, { status, headers: { etag: '"1"' } }, NOW), 'replace', `${status}`)
  }
  for (const status of [500, 502, 503, 504]) {
    t.equal(outcomeOf(both, { status, headers: {} }, NOW), 'failed', `${status} (RFC 5861 4)`)
  }
  t.equal(outcomeOf(both, undefined, NOW), 'failed', 'none')
})

t.test('RFC 9111 4.3.4: which 304 is about the stored response', async (t) => {
  const table: [name: string, stored: Validators, notModified: Headers, updates: boolean][] = [
    ['the same strong tag', strong, { etag: '"1"' }, true],
    ['another strong tag', strong, { etag: '"2"' }, false],
    ['another strong tag, the same date', both, { etag: '"2"', 'last-modified': at(-60) }, false],
    ['the same strong tag, another date', both, { etag: '"1"', 'last-modified': at(-50) }, true],
    ['a strong tag for a weak one', weak, { etag: '"1"' }, false],
    ['a strong tag for none', dated, { etag: '"1"', 'last-modified': at(-60) }, false],
    ['a weak tag for a strong one', strong, { etag: 'W/"1"' }, true],
    ['a weak tag for a weak one', weak, { etag: 'W/"1"' }, true],
    ['another weak tag', weak, { etag: 'W/"2"' }, false],
    ['a weak tag for none', dated, { etag: 'W/"1"' }, false],
    ['the same date', dated, { 'last-modified': at(-60) }, true],
    [
      'the same date in another form',
      { lastModified: 'Sunday, 06-Nov-94 08:48:37 GMT' },
      { 'last-modified': at(-60) },
      true
    ],
    ['another date', dated, { 'last-modified': at(-59) }, false],
    ['the same date, and a tag is stored', both, { 'last-modified': at(-60) }, true],
    ['a date for none', strong, { 'last-modified': at(-60) }, false],
    ['no validator for none', neither, {}, true],
    ['no validator for a tag', strong, {}, true],
    ['no validator for a weak tag', weak, {}, true],
    ['no validator for a date', dated, {}, true],
    ['no validator for both', both, {}, true],
    ['an empty tag, which is no validator', strong, { etag: '' }, true],
    ['a date that is none, which is no validator', dated, { 'last-modified': 'x' }, true],
    ['a tag of odd form, for none', neither, { etag: '1' }, false],
    ['a tag of odd form, for another', strong, { etag: '1' }, false],
    ['a tag of odd form, and the date', both, { etag: '1', 'last-modified': at(-60) }, false],
    ['the same tag of odd form', { etag: '1' }, { etag: '1' }, true],
    ['the same tag of odd form, quoted', { etag: '1' }, { etag: '"1"' }, false],
    ['the same weak tag in lower case', { etag: 'w/"1"' }, { etag: 'w/"1"' }, true],
    ['a weak tag in lower case, for a weak one', weak, { etag: 'w/"1"' }, false],
    ['the first of several', strong, { etag: ['"1"', '"2"'] }, true]
  ]
  for (const [name, stored, headers, updates] of table) {
    t.equal(outcomeOf(stored, { status: 304, headers }, NOW), updates ? 'update' : 'refetch', name)
  }
})

t.test('RFC 9111 4.3.5: what HEAD says of a stored response', async (t) => {
  const table: [name: string, stored: Validators, head: Headers, outcome: string][] = [
    ['nothing of it', both, {}, 'update'],
    ['the same tag', both, { etag: '"1"' }, 'update'],
    ['another tag', both, { etag: '"2"' }, 'stale'],
    ['a weaker tag is another', both, { etag: 'W/"1"' }, 'stale'],
    ['a tag for none', dated, { etag: '"1"' }, 'stale'],
    ['the same date', both, { 'last-modified': at(-60) }, 'update'],
    ['another date', both, { 'last-modified': at(-59) }, 'stale'],
    ['the same tag, another date', both, { etag: '"1"', 'last-modified': at(-59) }, 'stale'],
    ['a date for none', strong, { 'last-modified': at(-60) }, 'stale'],
    ['the same length', both, { 'content-length': '5' }, 'update'],
    ['the same length as a number', both, { 'content-length': 5 }, 'update'],
    ['another length', both, { 'content-length': '6' }, 'stale'],
    ['the same tag, another length', both, { etag: '"1"', 'content-length': '0' }, 'stale'],
    [
      'all the same',
      both,
      { etag: '"1"', 'last-modified': at(-60), 'content-length': '5' },
      'update'
    ]
  ]
  for (const [name, stored, headers, outcome] of table) {
    t.equal(outcomeOfHead(stored, 5, { status: 200, headers }), outcome, name)
  }
  for (const status of [204, 304, 404, 500]) {
    t.equal(outcomeOfHead(both, 5, { status, headers: { etag: '"2"' } }), 'nothing', `${status}`)
  }
})
