import t from 'tap'
import { servesStaleOnError, type Headers, type Policy } from '../src/index.js'
import { NOW, policy, SECOND } from './support/exchange.js'

const cc = (value: string): Policy => policy({ etag: '"1"', 'cache-control': value })
const asks = (value: string): Headers => ({ 'cache-control': value })

type Row = [name: string, stored: Policy, secondsLater: number, request: Headers, serves: boolean]

t.test(
  'RFC 9111 4.2.4, RFC 5861 4: stale instead of an error, where that is allowed',
  async (t) => {
    const allowed = cc('max-age=60, stale-if-error=30')
    const plain = cc('max-age=60')
    const rows: Row[] = [
      ['within the window', allowed, 60, {}, true],
      ['to its end', allowed, 89.999, {}, true],
      ['not at its end', allowed, 90, {}, false],
      [
        'also where the client forced validation of a fresh one',
        allowed,
        0,
        asks('no-cache'),
        true
      ],
      ['not without permission', plain, 60, {}, false],
      ['not even a fresh one', plain, 0, asks('no-cache'), false],
      [
        'stale-while-revalidate does not allow it',
        cc('max-age=60, stale-while-revalidate=30'),
        61,
        {},
        false
      ],
      ['the client allows it', plain, 65, asks('stale-if-error=5'), true],
      ['not for that long', plain, 65.001, asks('stale-if-error=5'), false],
      ['one that cannot be read allows nothing', plain, 61, asks('stale-if-error=x'), false],
      ['one without a value neither', plain, 61, asks('stale-if-error'), false],
      ['longer than the response', allowed, 100, asks('stale-if-error=50'), true],
      ['shorter than the response', allowed, 80, asks('stale-if-error=5'), true],
      ['max-stale is another thing', plain, 61, asks('max-stale'), false]
    ]
    for (const [name, stored, later, headers, serves] of rows) {
      t.equal(servesStaleOnError({ headers }, stored, NOW + later * SECOND), serves, name)
    }
  }
)

t.test('RFC 9111 4.2.4: never past what prohibits it', async (t) => {
  for (const directive of ['must-revalidate', 'proxy-revalidate', 's-maxage=60', 'no-cache']) {
    const stored = cc(`max-age=60, stale-if-error=900, ${directive}`)
    for (const headers of [{}, asks('stale-if-error=900')]) {
      t.equal(
        servesStaleOnError({ headers }, stored, NOW + 61 * SECOND),
        false,
        `${directive} ${JSON.stringify(headers)}`
      )
    }
  }
})

t.test('a route on which clients have no say', async (t) => {
  const later = NOW + 61 * SECOND
  const request = { headers: asks('stale-if-error=900') }
  t.equal(
    servesStaleOnError(request, cc('max-age=60'), later, { requestDirectives: false }),
    false,
    'the client does not allow it'
  )
  t.equal(
    servesStaleOnError(request, cc('max-age=60, stale-if-error=5'), later, {
      requestDirectives: false
    }),
    true,
    'the response does'
  )
  t.equal(
    servesStaleOnError(request, cc('max-age=60'), later, { requestDirectives: true }),
    true,
    'with a say'
  )
})
