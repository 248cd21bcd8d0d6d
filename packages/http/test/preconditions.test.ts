import t, { type Test } from 'tap'
import {
  evaluatePreconditions,
  isWeakDate,
  type Headers,
  type Representation
} from '../src/index.js'

const before = 'Sun, 06 Nov 1994 08:49:36 GMT'
const date = 'Sun, 06 Nov 1994 08:49:37 GMT'
const after = 'Sun, 06 Nov 1994 08:49:38 GMT'
const both: Representation = { etag: '"a"', lastModified: date }
const weakTag: Representation = { etag: 'W/"a"' }
const bare: Representation = {}

type Outcome = ReturnType<typeof evaluatePreconditions>
type Row = [headers: Headers, current: Representation | null, get: Outcome, put: Outcome]

function check (t: Test, rows: Row[]) {
  for (const [headers, current, get, put] of rows) {
    const name = `${JSON.stringify(headers)} on ${JSON.stringify(current)}`
    for (const method of ['GET', 'HEAD']) {
      t.equal(evaluatePreconditions({ method, headers }, current), get, `${method} ${name}`)
    }
    for (const method of ['PUT', 'POST', 'PATCH', 'DELETE']) {
      t.equal(evaluatePreconditions({ method, headers }, current), put, `${method} ${name}`)
    }
  }
}

t.test('no precondition', async (t) => check(t, [
  [{}, both, 'proceed', 'proceed'],
  [{}, null, 'proceed', 'proceed']
]))

t.test(
  'If-Match: strong comparison, `*` asks for any representation (RFC 9110 13.1.1)',
  async (t) =>
    check(t, [
      [{ 'if-match': '"a"' }, both, 'proceed', 'proceed'],
      [{ 'if-match': '"x", "a"' }, both, 'proceed', 'proceed'],
      [{ 'if-match': ['"x"', '"a"'] }, both, 'proceed', 'proceed'],
      [{ 'if-match': '"b"' }, both, 'failed', 'failed'],
      [{ 'if-match': 'W/"a"' }, both, 'failed', 'failed'],
      [{ 'if-match': '"a"' }, weakTag, 'failed', 'failed'],
      [{ 'if-match': '"a"' }, bare, 'failed', 'failed'],
      [{ 'if-match': '"a"' }, { etag: 'no tag' }, 'failed', 'failed'],
      [{ 'if-match': 'a' }, both, 'failed', 'failed'],
      [{ 'if-match': '' }, both, 'failed', 'failed'],
      [{ 'if-match': '"a"' }, null, 'failed', 'failed'],
      [{ 'if-match': '*' }, bare, 'proceed', 'proceed'],
      [{ 'if-match': 'W/"a"' }, weakTag, 'failed', 'failed'],
      [{ 'if-match': '"A"' }, both, 'failed', 'failed'],
      [{ 'if-match': '*' }, null, 'failed', 'failed'],
      // A list cannot contain `*`.
      [{ 'if-match': '*, "b"' }, both, 'failed', 'failed'],
      [{ 'if-match': '"b", *' }, both, 'failed', 'failed']
    ])
)

t.test('If-None-Match: weak comparison, `*` asks for none (RFC 9110 13.1.2)', async (t) =>
  check(t, [
    [{ 'if-none-match': '"a"' }, both, 'not-modified', 'failed'],
    [{ 'if-none-match': 'W/"a"' }, both, 'not-modified', 'failed'],
    [{ 'if-none-match': '"a"' }, weakTag, 'not-modified', 'failed'],
    [{ 'if-none-match': '"x", W/"a"' }, both, 'not-modified', 'failed'],
    [{ 'if-none-match': '"b"' }, both, 'proceed', 'proceed'],
    [{ 'if-none-match': '"a"' }, bare, 'proceed', 'proceed'],
    [{ 'if-none-match': '"a"' }, null, 'proceed', 'proceed'],
    [{ 'if-none-match': '*' }, bare, 'not-modified', 'failed'],
    [{ 'if-none-match': '*' }, null, 'proceed', 'proceed'],
    [{ 'if-none-match': ['"x"', '"a"'] }, both, 'not-modified', 'failed'],
    [{ 'if-none-match': '' }, both, 'proceed', 'proceed'],
    [{ 'if-none-match': 'a' }, both, 'proceed', 'proceed'],
    // Identical text, but not an entity tag: a match is a match of anything.
    [{ 'if-none-match': 'a' }, { etag: 'a' }, 'not-modified', 'failed'],
    [{ 'if-none-match': '"a"' }, { etag: 'a' }, 'proceed', 'proceed'],
    [{ 'if-none-match': '*, "b"' }, both, 'proceed', 'proceed'],
    [{ 'if-none-match': '"A"' }, both, 'proceed', 'proceed'],
    [{ 'if-none-match': 'w/"a"' }, { etag: 'w/"a"' }, 'not-modified', 'failed'],
    [{ 'if-none-match': 'W/"a"' }, { etag: 'w/"a"' }, 'proceed', 'proceed'],
    [{ 'if-none-match': 'W/"a"' }, weakTag, 'not-modified', 'failed']
  ])
)

t.test(
  'If-Modified-Since: GET and HEAD only, ignored unless both dates are dates (RFC 9110 13.1.3)',
  async (t) =>
    check(t, [
      [{ 'if-modified-since': before }, both, 'proceed', 'proceed'],
      [{ 'if-modified-since': date }, both, 'not-modified', 'proceed'],
      [{ 'if-modified-since': after }, both, 'not-modified', 'proceed'],
      [{ 'if-modified-since': '0' }, both, 'proceed', 'proceed'],
      [{ 'if-modified-since': [date, after] }, both, 'proceed', 'proceed'],
      [{ 'if-modified-since': `${date}, ${after}` }, both, 'proceed', 'proceed'],
      [{ 'if-modified-since': 'Sunday, 06-Nov-94 08:49:37 GMT' }, both, 'not-modified', 'proceed'],
      [{ 'if-modified-since': 'Sun Nov  6 08:49:37 1994' }, both, 'not-modified', 'proceed'],
      [
        { 'if-modified-since': date },
        { lastModified: 'Sun Nov  6 08:49:37 1994' },
        'not-modified',
        'proceed'
      ],
      [{ 'if-modified-since': after }, bare, 'proceed', 'proceed'],
      [{ 'if-modified-since': after }, { lastModified: 'yesterday' }, 'proceed', 'proceed'],
      [{ 'if-modified-since': after }, null, 'proceed', 'proceed']
    ])
)

t.test('If-Unmodified-Since: ignored unless both dates are dates (RFC 9110 13.1.4)', async (t) =>
  check(t, [
    [{ 'if-unmodified-since': before }, both, 'failed', 'failed'],
    [{ 'if-unmodified-since': date }, both, 'proceed', 'proceed'],
    [{ 'if-unmodified-since': after }, both, 'proceed', 'proceed'],
    [{ 'if-unmodified-since': 'tomorrow' }, both, 'proceed', 'proceed'],
    [{ 'if-unmodified-since': [before, before] }, both, 'proceed', 'proceed'],
    [{ 'if-unmodified-since': before }, { lastModified: 'x' }, 'proceed', 'proceed'],
    [{ 'if-unmodified-since': before }, bare, 'proceed', 'proceed'],
    [{ 'if-unmodified-since': before }, null, 'proceed', 'proceed']
  ])
)

t.test('precedence (RFC 9110 13.2.2)', async (t) => check(t, [
  // If-Match hides If-Unmodified-Since, in both directions.
  [{ 'if-match': '"a"', 'if-unmodified-since': before }, both, 'proceed', 'proceed'],
  [{ 'if-match': '"b"', 'if-unmodified-since': after }, both, 'failed', 'failed'],
  // If-None-Match hides If-Modified-Since.
  [{ 'if-none-match': '"b"', 'if-modified-since': after }, both, 'proceed', 'proceed'],
  [{ 'if-none-match': '"a"', 'if-modified-since': before }, both, 'not-modified', 'failed'],
  // If-Match is evaluated first, then If-None-Match.
  [{ 'if-match': '"a"', 'if-none-match': '"a"' }, both, 'not-modified', 'failed'],
  [{ 'if-match': '"b"', 'if-none-match': '"a"' }, both, 'failed', 'failed'],
  [{ 'if-unmodified-since': before, 'if-none-match': '"a"' }, both, 'failed', 'failed'],
  // An unreadable If-None-Match also hides If-Modified-Since.
  [{ 'if-none-match': 'x', 'if-modified-since': after }, both, 'proceed', 'proceed'],
  [{ 'if-unmodified-since': date, 'if-modified-since': date }, both, 'not-modified', 'proceed']
]))

t.test(
  'methods that select no representation ignore preconditions (RFC 9110 13.2.1)',
  async (t) => {
    for (const method of ['OPTIONS', 'TRACE', 'CONNECT']) {
      t.equal(
        evaluatePreconditions(
          { method, headers: { 'if-match': '"b"', 'if-none-match': '*' } },
          both
        ),
        'proceed',
        method
      )
    }
  }
)

t.test('a date is no proof within the second that it names (RFC 9110 8.8.2.2)', async (t) => {
  const second = Date.UTC(1994, 10, 6, 8, 49, 37)
  for (const [ms, isWeak] of [
    [0, true],
    [1, true],
    [999, true],
    [1000, false],
    [86_400_000, false]
  ] as const) {
    const sent = second + ms
    t.equal(isWeakDate(date, sent), isWeak, `sent ${ms} ms after it`)
    // Both for the current response and for one stored then.
    for (const [current, now] of [
      [both, sent],
      [{ ...both, date: sent }, second + 3_600_000]
    ] as const) {
      const ask = (method: string, headers: Headers) =>
        evaluatePreconditions({ method, headers }, current, now)
      t.equal(
        ask('GET', { 'if-modified-since': date }),
        isWeak ? 'proceed' : 'not-modified',
        `${ms} ms`
      )
      t.equal(ask('HEAD', { 'if-modified-since': after }), 'not-modified', 'a later date is one')
      t.equal(
        ask('GET', { 'if-modified-since': date, 'if-none-match': '"a"' }),
        'not-modified',
        'and so is a tag'
      )
      t.equal(
        ask('PUT', { 'if-unmodified-since': date }),
        isWeak ? 'failed' : 'proceed',
        'no change gets lost'
      )
      t.equal(ask('PUT', { 'if-unmodified-since': after }), 'proceed')
    }
  }
  t.notOk(isWeakDate('yesterday', second))
})
