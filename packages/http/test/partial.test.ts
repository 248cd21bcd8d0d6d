import t from 'tap'
import {
  bytesOf,
  combineParts,
  completionHeaders,
  type Headers,
  isComplete,
  parseContentRange,
  type Parts,
  placeIn,
  type Span,
  type StoredParts
} from '../src/index.js'
import { at, NOW } from './support/exchange.js'

const TEXT = Buffer.from('0123456789')
const span = (first: number, last: number): Span => ({ first, last })

/** Returns the parts of TEXT with these spans. */
function partsOf (...spans: readonly Span[]): Parts {
  return {
    length: 10,
    spans,
    body: Buffer.concat(spans.map(({ first, last }) => TEXT.subarray(first, last + 1)))
  }
}

const told = ({ spans, body }: Parts) =>
  `${spans.map(({ first, last }) => `${first}-${last}`).join()} ${String(Buffer.from(body))}`

t.test('RFC 9110 14.4: Content-Range', async (t) => {
  const rows: [field: string | string[], expected: [number, number, number] | undefined][] = [
    ['bytes 0-4/10', [0, 4, 10]],
    ['BYTES 9-9/10', [9, 9, 10]],
    ['bytes  0-4/10 ', [0, 4, 10]],
    ['bytes 0-10/10', undefined],
    ['bytes 5-4/10', undefined],
    ['bytes 0-4/*', undefined],
    ['bytes */10', undefined],
    ['bytes=0-4/10', undefined],
    ['bytes 0-4', undefined],
    ['bytes 0-4/10, bytes 6-7/10', undefined],
    ['lines 0-4/10', undefined],
    [`bytes 0-4/${'9'.repeat(40)}`, undefined],
    ['', undefined],
    [['bytes 0-4/10', 'bytes 6-7/10'], [0, 4, 10]]
  ]
  for (const [field, expected] of rows) {
    const range = parseContentRange(field)
    t.strictSame(range && [range.first, range.last, range.length], expected, String(field))
  }
})

t.test('RFC 9111 3.4: parts of one representation are put together', async (t) => {
  const rows: [stored: Parts, added: Parts, expected: string | undefined, complete: boolean][] = [
    [partsOf(span(0, 4)), partsOf(span(5, 9)), '0-9 0123456789', true],
    [partsOf(span(5, 9)), partsOf(span(0, 4)), '0-9 0123456789', true],
    [partsOf(span(0, 4)), partsOf(span(3, 6)), '0-6 0123456', false],
    [partsOf(span(0, 1)), partsOf(span(8, 9)), '0-1,8-9 0189', false],
    [partsOf(span(0, 1), span(8, 9)), partsOf(span(2, 7)), '0-9 0123456789', true],
    [partsOf(span(0, 1), span(8, 9)), partsOf(span(4, 5)), '0-1,4-5,8-9 014589', false],
    [partsOf(span(2, 3)), partsOf(span(2, 3)), '2-3 23', false],
    [partsOf(span(0, 1)), { ...partsOf(span(2, 3)), length: 11 }, undefined, false]
  ]
  for (const [stored, added, expected, complete] of rows) {
    const all = combineParts(stored, added)
    t.equal(all === undefined ? undefined : told(all), expected, expected ?? 'another length')
    t.equal(all !== undefined && isComplete(all), complete, expected ?? 'another length')
  }
  const all = combineParts(partsOf(span(0, 3)), {
    length: 10,
    spans: [span(2, 5)],
    body: Buffer.from('abcd')
  })
  t.equal(all && told(all), '0-5 01abcd', 'the newer bytes count')
})

t.test(
  'RFC 9111 3.4: whatever the order in which parts come, their bytes are those of the whole',
  async (t) => {
    let seed = 7
    const random = (below: number) => {
      seed = (seed * 1103515245 + 12345) % 2 ** 31
      return Math.floor((seed / 2 ** 31) * below)
    }
    for (let round = 0; round < 300; round++) {
      let all: Parts | undefined
      const has = new Set<number>()
      for (let i = 0; i <= random(6); i++) {
        const first = random(10)
        const part = partsOf(span(first, first + random(10 - first)))
        for (const { first, last } of part.spans) {
          for (let at = first; at <= last; at++) has.add(at)
        }
        all = all === undefined ? part : combineParts(all, part)
      }
      if (all === undefined) throw new Error('no parts')
      t.equal(Buffer.from(all.body).toString(), [...has].sort((a, b) => a - b).join(''))
      t.equal(isComplete(all), has.size === 10)
      const { spans } = all
      t.ok(
        spans.every(({ first }, i) => i === 0 || first > (spans[i - 1]?.last ?? 0) + 1),
        'sorted, and none meets another'
      )
      const first = random(10)
      const last = first + random(10 - first)
      const wanted = Array.from({ length: last - first + 1 }, (_, i) => first + i)
      const bytes = bytesOf(all, span(first, last))
      t.equal(
        bytes && Buffer.from(bytes).toString(),
        wanted.every((at) => has.has(at)) ? wanted.join('') : undefined
      )
    }
  }
)

t.test('RFC 9111 3.4: only what is missing is asked for', async (t) => {
  const policy = { etag: '"1"', date: NOW }
  const stored: StoredParts = { length: 10, spans: [span(2, 3), span(6, 7)], policy }
  const first: StoredParts = { length: 10, spans: [span(0, 4)], policy }
  const dated: StoredParts = { ...first, policy: { lastModified: at(-60), date: NOW } }
  const conditional = { 'if-none-match': '"1"' }
  const rows: [stored: StoredParts, asked: Headers, sent: Headers][] = [
    [first, {}, { range: 'bytes=5-', 'if-range': '"1"' }],
    [first, { range: 'bytes=0-' }, { range: 'bytes=5-', 'if-range': '"1"' }],
    [first, { range: 'bytes=3-7' }, { range: 'bytes=5-7', 'if-range': '"1"' }],
    [first, { range: 'bytes=8-9' }, { range: 'bytes=8-', 'if-range': '"1"' }],
    [first, { range: 'bytes=6-7' }, { range: 'bytes=6-7', 'if-range': '"1"' }],
    [first, { range: 'bytes=1-2' }, { range: 'bytes=1-2', ...conditional }],
    [first, { range: 'bytes=0-4', 'if-range': '"1"' }, { range: 'bytes=0-4', ...conditional }],
    [first, { range: 'bytes=0-4', 'if-range': '"2"' }, { range: 'bytes=5-', 'if-range': '"1"' }],
    [first, { 'if-none-match': '"2"' }, { range: 'bytes=5-', 'if-range': '"1"' }],
    [first, { range: 'bytes=20-' }, { range: 'bytes=20-', ...conditional }],
    [stored, {}, { range: 'bytes=0-', 'if-range': '"1"' }],
    [stored, { range: 'bytes=2-5' }, { range: 'bytes=4-5', 'if-range': '"1"' }],
    [stored, { range: 'bytes=3-6' }, { range: 'bytes=4-5', 'if-range': '"1"' }],
    [stored, { range: 'bytes=1-8' }, { range: 'bytes=1-8', 'if-range': '"1"' }],
    [dated, {}, { range: 'bytes=5-', 'if-range': at(-60) }],
    [
      { ...first, policy: { etag: 'W/"1"', date: NOW } },
      { range: 'bytes=3-7' },
      { range: 'bytes=3-7' }
    ],
    [{ ...first, policy: { etag: '1', date: NOW } }, {}, {}],
    [{ ...first, policy: { lastModified: at(0), date: NOW } }, {}, {}],
    [
      { ...first, policy: { date: NOW } },
      { range: 'bytes=3-7', 'if-range': '"2"' },
      { range: 'bytes=3-7', 'if-range': '"2"' }
    ]
  ]
  for (const [stored, asked, sent] of rows) {
    t.strictSame(
      completionHeaders({ accept: 'a/b', ...asked }, stored, NOW),
      { accept: 'a/b', ...sent },
      JSON.stringify([stored.policy, asked])
    )
  }
})

t.test('RFC 9111 3.4: only parts with the same strong validator are put together', async (t) => {
  const first: StoredParts = { length: 10, spans: [span(0, 4)], policy: { etag: '"1"', date: NOW } }
  const dated: StoredParts = { ...first, policy: { lastModified: at(-60), date: NOW } }
  const range = { 'content-range': 'bytes 5-9/10' }
  const rows: [name: string, stored: StoredParts, response: Headers, fits: boolean][] = [
    ['the same tag', first, { ...range, etag: '"1"' }, true],
    ['another tag', first, { ...range, etag: '"2"' }, false],
    ['a weak tag', first, { ...range, etag: 'W/"1"' }, false],
    [
      'weak tags',
      { ...first, policy: { etag: 'W/"1"', date: NOW } },
      { ...range, etag: 'W/"1"' },
      false
    ],
    ['no tag', first, range, false],
    [
      'tags of odd form',
      { ...first, policy: { etag: '1', date: NOW } },
      { ...range, etag: '1' },
      false
    ],
    ['the same date', dated, { ...range, 'last-modified': at(-60) }, true],
    [
      'the same date, and a tag besides',
      dated,
      { ...range, etag: '"1"', 'last-modified': at(-60) },
      false
    ],
    ['another date', dated, { ...range, 'last-modified': at(-59) }, false],
    [
      'a date that is not strong (RFC 9110 8.8.2.2)',
      { ...first, policy: { lastModified: at(0), date: NOW } },
      { ...range, 'last-modified': at(0) },
      false
    ],
    ['another length', first, { 'content-range': 'bytes 5-9/11', etag: '"1"' }, false],
    ['no Content-Range', first, { etag: '"1"' }, false]
  ]
  for (const [name, stored, response, fits] of rows) {
    const place = placeIn(stored, response, NOW)
    t.strictSame(place && [place.first, place.last], fits ? [5, 9] : undefined, name)
  }
})
