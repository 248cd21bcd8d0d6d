import t, { type Test } from 'tap'
import {
  answerFromParts,
  answerFromStored,
  contentRange,
  type Headers,
  multipartBody,
  type RangeAnswer,
  type Span
} from '../src/index.js'
import { at, NOW, policy } from './support/exchange.js'

const fresh = { 'cache-control': 'max-age=60' }
const date = at(0)
const lastModified = at(-60)

interface Case {
  headers: Headers
  response?: Headers
  method?: string
  status?: number
  length?: number
}

function said (answer: RangeAnswer, length: number): string {
  if (answer.status === 416) return `416 ${contentRange(undefined, length)}`
  const spans = answer.spans.map(({ first, last }) => `${first}-${last}`).join(',')
  return answer.spans.length > 1
    ? `206 ${spans}`
    : `206 ${spans} ${contentRange(answer.spans[0], length)}`
}

function check (t: Test, rows: [name: string, request: Case, expected: string][]) {
  for (const [
    name,
    {
      headers,
      response = { etag: '"1"', 'last-modified': lastModified },
      method = 'GET',
      status = 200,
      length = 10
    },
    expected
  ] of rows) {
    const stored = { status, length, policy: policy({ date, ...fresh, ...response }, { status }) }
    const answer = answerFromStored({ method, headers }, stored, NOW)
    t.equal(typeof answer === 'string' ? answer : said(answer, length), expected, name)
  }
}

t.test('RFC 9111 4.3.2: If-None-Match', async (t) =>
  check(t, [
    ['no condition', { headers: {} }, 'whole'],
    ['the tag', { headers: { 'if-none-match': '"1"' } }, 'not-modified'],
    ['weak comparison', { headers: { 'if-none-match': 'W/"1"' } }, 'not-modified'],
    [
      'of a weak tag',
      { headers: { 'if-none-match': '"1"' }, response: { etag: 'W/"1"' } },
      'not-modified'
    ],
    ['in a list', { headers: { 'if-none-match': '"0", "1"' } }, 'not-modified'],
    ['on several lines', { headers: { 'if-none-match': ['"0"', '"1"'] } }, 'not-modified'],
    ['another', { headers: { 'if-none-match': '"2"' } }, 'whole'],
    ['*', { headers: { 'if-none-match': '*' } }, 'not-modified'],
    [
      '* where there is no tag',
      { headers: { 'if-none-match': '*' }, response: {} },
      'not-modified'
    ],
    ['a tag where there is none', { headers: { 'if-none-match': '"1"' }, response: {} }, 'whole'],
    ['HEAD', { headers: { 'if-none-match': '"1"' }, method: 'HEAD' }, 'not-modified'],
    [
      'hides If-Modified-Since',
      { headers: { 'if-none-match': '"2"', 'if-modified-since': date } },
      'whole'
    ]
  ])
)

t.test('RFC 9111 4.3.2: If-Modified-Since', async (t) =>
  check(t, [
    ['since then', { headers: { 'if-modified-since': lastModified } }, 'not-modified'],
    ['later', { headers: { 'if-modified-since': at(-59) } }, 'not-modified'],
    ['earlier', { headers: { 'if-modified-since': at(-61) } }, 'whole'],
    ['no date', { headers: { 'if-modified-since': '0' } }, 'whole'],
    [
      'several dates (RFC 9110 13.1.3)',
      { headers: { 'if-modified-since': [lastModified, date] } },
      'whole'
    ],
    ['HEAD', { headers: { 'if-modified-since': lastModified }, method: 'HEAD' }, 'not-modified'],
    // RFC 9110, 8.8.2.2: several versions may fall within the second of a Date.
    [
      'Date where there is no Last-Modified',
      { headers: { 'if-modified-since': date }, response: {} },
      'whole'
    ],
    ['before that', { headers: { 'if-modified-since': at(-1) }, response: {} }, 'whole'],
    [
      'when it was received where there is no Date',
      { headers: { 'if-modified-since': date }, response: { date: undefined } },
      'whole'
    ],
    [
      'before that',
      { headers: { 'if-modified-since': at(-1) }, response: { date: undefined } },
      'whole'
    ]
  ])
)

t.test('RFC 9111 4.3.2: what a cache does not evaluate', async (t) =>
  check(t, [
    ['If-Match', { headers: { 'if-match': '"2"' } }, 'whole'],
    ['If-Unmodified-Since', { headers: { 'if-unmodified-since': at(-900) } }, 'whole'],
    [
      'If-Match beside If-None-Match',
      { headers: { 'if-match': '"2"', 'if-none-match': '"1"' } },
      'not-modified'
    ],
    [
      'conditions on a stored 404 (RFC 9110 13.2.1)',
      { headers: { 'if-none-match': '"1"' }, status: 404 },
      'whole'
    ],
    ['conditions on a stored 203', { headers: { 'if-none-match': '*' }, status: 203 }, 'whole']
  ])
)

t.test('RFC 9110 14.1.2, 14.2: one range', async (t) =>
  check(t, [
    ['the first', { headers: { range: 'bytes=0-0' } }, '206 0-0 bytes 0-0/10'],
    ['in the middle', { headers: { range: 'bytes=2-5' } }, '206 2-5 bytes 2-5/10'],
    ['the last', { headers: { range: 'bytes=9-9' } }, '206 9-9 bytes 9-9/10'],
    ['to the end', { headers: { range: 'bytes=4-' } }, '206 4-9 bytes 4-9/10'],
    ['all of it', { headers: { range: 'bytes=0-' } }, '206 0-9 bytes 0-9/10'],
    ['beyond the end', { headers: { range: 'bytes=4-900' } }, '206 4-9 bytes 4-9/10'],
    [
      'far beyond the end',
      { headers: { range: `bytes=4-${'9'.repeat(400)}` } },
      '206 4-9 bytes 4-9/10'
    ],
    ['the last three', { headers: { range: 'bytes=-3' } }, '206 7-9 bytes 7-9/10'],
    ['more than there are', { headers: { range: 'bytes=-900' } }, '206 0-9 bytes 0-9/10'],
    ['units in any case', { headers: { range: 'BYTES=0-0' } }, '206 0-0 bytes 0-0/10'],
    [
      'whitespace and empty members (5.6.1)',
      { headers: { range: 'bytes= , 0-0 ,' } },
      '206 0-0 bytes 0-0/10'
    ]
  ])
)

t.test('RFC 9110 15.5.17: a range that is not there', async (t) =>
  check(t, [
    ['begins at the end', { headers: { range: 'bytes=10-' } }, '416 bytes */10'],
    ['begins beyond it', { headers: { range: 'bytes=900-901' } }, '416 bytes */10'],
    [
      'begins far beyond it',
      { headers: { range: `bytes=${'9'.repeat(400)}-` } },
      '416 bytes */10'
    ],
    ['the last none', { headers: { range: 'bytes=-0' } }, '416 bytes */10'],
    ['of an empty body', { headers: { range: 'bytes=0-' }, length: 0 }, '416 bytes */0'],
    [
      'the last none of an empty body',
      { headers: { range: 'bytes=-0' }, length: 0 },
      '416 bytes */0'
    ],
    [
      'the last few of an empty body are all of it',
      { headers: { range: 'bytes=-3' }, length: 0 },
      'whole'
    ]
  ])
)

t.test('RFC 9110 14.2: Range that is ignored', async (t) =>
  check(t, [
    ...[
      'bytes=',
      'bytes',
      'bytes=-',
      'bytes=a-b',
      'bytes=0',
      'bytes=5-2',
      'bytes=0-0x',
      'bytes=0-1-2',
      'bytes=--1',
      'bytes=-3x',
      'bytes=+1-2',
      'bytes=1.0-2',
      '0-1',
      '=0-1',
      'items=0-1',
      'xbytes=0-1',
      'bytes 0-1'
    ].map((range): [string, Case, string] => [range, { headers: { range } }, 'whole']),
    ['HEAD', { headers: { range: 'bytes=0-1' }, method: 'HEAD' }, 'whole'],
    ['of a stored 404', { headers: { range: 'bytes=0-1' }, status: 404 }, 'whole'],
    [
      'after a 304 (13.2.2)',
      { headers: { range: 'bytes=0-1', 'if-none-match': '"1"' } },
      'not-modified'
    ],
    [
      'not after a condition that says no',
      { headers: { range: 'bytes=0-1', 'if-none-match': '"2"' } },
      '206 0-1 bytes 0-1/10'
    ]
  ])
)

t.test('RFC 9110 13.1.5: If-Range', async (t) => {
  const range = 'bytes=0-1'
  const part = '206 0-1 bytes 0-1/10'
  check(t, [
    ['the tag', { headers: { range, 'if-range': '"1"' } }, part],
    ['another tag', { headers: { range, 'if-range': '"2"' } }, 'whole'],
    ['a weak tag', { headers: { range, 'if-range': 'W/"1"' } }, 'whole'],
    [
      'of a weak tag',
      { headers: { range, 'if-range': '"1"' }, response: { etag: 'W/"1"' } },
      'whole'
    ],
    [
      'weak tags',
      { headers: { range, 'if-range': 'W/"1"' }, response: { etag: 'W/"1"' } },
      'whole'
    ],
    [
      'a tag where there is none',
      { headers: { range, 'if-range': '"1"' }, response: {} },
      'whole'
    ],
    ['a list of tags is none', { headers: { range, 'if-range': '"1", "2"' } }, 'whole'],
    ['the date', { headers: { range, 'if-range': lastModified } }, part],
    [
      'the date in another form',
      { headers: { range, 'if-range': 'Sunday, 06-Nov-94 08:48:37 GMT' } },
      part
    ],
    ['an earlier date', { headers: { range, 'if-range': at(-61) } }, 'whole'],
    ['a later date', { headers: { range, 'if-range': at(-59) } }, 'whole'],
    [
      'a date where there is none',
      { headers: { range, 'if-range': lastModified }, response: {} },
      'whole'
    ],
    [
      'a date a second before it was sent is strong (8.8.2.2)',
      { headers: { range, 'if-range': at(-1) }, response: { 'last-modified': at(-1) } },
      part
    ],
    [
      'the date it was sent at is not',
      { headers: { range, 'if-range': date }, response: { 'last-modified': date } },
      'whole'
    ],
    ['what is neither', { headers: { range, 'if-range': 'x' } }, 'whole'],
    [
      'what is neither, where there is no date',
      { headers: { range, 'if-range': 'x' }, response: {} },
      'whole'
    ],
    ['no range to it', { headers: { 'if-range': '"1"' } }, 'whole'],
    [
      'a range that is not there',
      { headers: { range: 'bytes=10-', 'if-range': '"1"' } },
      '416 bytes */10'
    ],
    [
      'a range that is not there, of another',
      { headers: { range: 'bytes=10-', 'if-range': '"2"' } },
      'whole'
    ]
  ])
})

t.test('RFC 9110 14.2, 15.3.7.2: several ranges', async (t) =>
  check(t, [
    ['of something small', { headers: { range: 'bytes=0-1,4-5' } }, 'whole'],
    ['on several lines', { headers: { range: ['bytes=0-1', 'bytes=4-5'] } }, 'whole'],
    [
      'of something large',
      { headers: { range: 'bytes=0-1, 40-50' }, length: 1000 },
      '206 0-1,40-50'
    ],
    [
      'in the order of the request',
      { headers: { range: 'bytes=-10,0-1' }, length: 1000 },
      '206 990-999,0-1'
    ],
    [
      'that overlap',
      { headers: { range: 'bytes=0-50,40-60' }, length: 1000 },
      '206 0-60 bytes 0-60/1000'
    ],
    [
      'that meet',
      { headers: { range: 'bytes=0-49,50-60' }, length: 1000 },
      '206 0-60 bytes 0-60/1000'
    ],
    [
      'of which two overlap',
      { headers: { range: 'bytes=90-99,0-50,40-60' }, length: 1000 },
      '206 0-60,90-99'
    ],
    [
      'of which one is not there',
      { headers: { range: 'bytes=0-1,5000-' }, length: 1000 },
      '206 0-1 bytes 0-1/1000'
    ],
    [
      'of which none is there',
      { headers: { range: 'bytes=4000-,5000-' }, length: 1000 },
      '416 bytes */1000'
    ],
    [
      'of which one is invalid (14.1.1)',
      { headers: { range: 'bytes=0-1,5-2' }, length: 1000 },
      'whole'
    ],
    [
      'that take more than the whole',
      { headers: { range: 'bytes=0-499,501-999' }, length: 1000 },
      'whole'
    ],
    [
      'more ranges than any client needs (17.15)',
      {
        headers: {
          range: `bytes=${Array.from({ length: 21 }, (_, i) => `${i * 10}-${i * 10}`).join()}`
        },
        length: 100_000
      },
      'whole'
    ],
    [
      'as many as that',
      {
        headers: {
          range: `bytes=${Array.from({ length: 20 }, (_, i) => `${i * 10}-${i * 10}`).join()}`
        },
        length: 100_000
      },
      `206 ${Array.from({ length: 20 }, (_, i) => `${i * 10}-${i * 10}`).join()}`
    ]
  ])
)

t.test('RFC 9110 14.6: multipart/byteranges', async (t) => {
  const text = Buffer.from('0123456789')
  const bytesOf = ({ first, last }: Span) => text.subarray(first, last + 1)
  const spans = [{ first: 0, last: 1 }, { first: 8, last: 9 }]
  t.equal(
    String(
      multipartBody({ spans, length: 10, contentType: 'text/plain', boundary: 'x' }, bytesOf)
    ),
    [
      '--x',
      'content-type: text/plain',
      'content-range: bytes 0-1/10',
      '',
      '01',
      '--x',
      'content-type: text/plain',
      'content-range: bytes 8-9/10',
      '',
      '89',
      '--x--',
      ''
    ].join('\r\n')
  )
  t.equal(
    String(
      multipartBody(
        { spans: spans.slice(1), length: 10, contentType: undefined, boundary: 'x' },
        bytesOf
      )
    ),
    ['--x', 'content-range: bytes 8-9/10', '', '89', '--x--', ''].join('\r\n')
  )
})

t.test('RFC 9111 3.3: what parts answer', async (t) => {
  const stored = {
    length: 1000,
    spans: [
      { first: 0, last: 99 },
      { first: 900, last: 999 }
    ],
    policy: policy({ date, ...fresh, etag: '"1"' })
  }
  const rows: [headers: Headers, expected: string, method?: string][] = [
    [{}, 'nothing'],
    [{ range: 'bytes=0-99' }, '206 0-99 bytes 0-99/1000'],
    [{ range: 'bytes=5-6' }, '206 5-6 bytes 5-6/1000'],
    [{ range: 'bytes=-100' }, '206 900-999 bytes 900-999/1000'],
    [{ range: 'bytes=900-' }, '206 900-999 bytes 900-999/1000'],
    [{ range: 'bytes=0-100' }, 'nothing'],
    [{ range: 'bytes=899-' }, 'nothing'],
    [{ range: 'bytes=0-' }, 'nothing'],
    [{ range: 'bytes=0-1,950-960' }, '206 0-1,950-960'],
    [{ range: 'bytes=0-1,500-501' }, 'nothing'],
    [{ range: 'bytes=1000-' }, '416 bytes */1000'],
    [{ range: 'lines=0-1' }, 'nothing'],
    [{ range: 'bytes=0-1', 'if-range': '"1"' }, '206 0-1 bytes 0-1/1000'],
    [{ range: 'bytes=0-1', 'if-range': '"2"' }, 'nothing'],
    [{ 'if-none-match': '"1"' }, 'not-modified'],
    [{ 'if-none-match': '"2"' }, 'nothing'],
    [{ range: 'bytes=0-1' }, 'nothing', 'HEAD']
  ]
  for (const [headers, expected, method = 'GET'] of rows) {
    const answer = answerFromParts({ method, headers }, stored, NOW)
    t.equal(
      answer === undefined ? 'nothing' : typeof answer === 'string' ? answer : said(answer, 1000),
      expected,
      JSON.stringify(headers)
    )
  }
})
