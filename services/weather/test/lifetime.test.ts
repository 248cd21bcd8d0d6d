import t from 'tap'
import { judge } from '../src/documents/lifetime.js'

const NOW = Date.parse('2026-11-20T15:00:00Z')
const most = { ttl: 600_000, staleWhileRevalidate: 600_000, staleIfError: 21_600_000 }
const of = (headers: Record<string, string>) =>
  judge({ headers, requestTime: NOW, responseTime: NOW }, most)

t.test('the response\'s own lifetime counts, up to our limits', async (t) => {
  const cases: [string, Record<string, string>, object][] = [
    ['nothing', {}, most],
    ['less', { 'cache-control': 'max-age=60' }, { ...most, ttl: 60_000 }],
    ['more', { 'cache-control': 'max-age=86400' }, most],
    [
      'for shared caches',
      { 'cache-control': 'max-age=60, s-maxage=120' },
      { ttl: 120_000, staleWhileRevalidate: 0, staleIfError: 0 }
    ],
    [
      'never stale',
      { 'cache-control': 'max-age=60, must-revalidate' },
      { ttl: 60_000, staleWhileRevalidate: 0, staleIfError: 0 }
    ],
    [
      'not to be stored',
      { 'cache-control': 'no-store' },
      { ttl: 0, staleWhileRevalidate: 0, staleIfError: 0 }
    ],
    [
      'for one user',
      { 'cache-control': 'private, max-age=60' },
      { ttl: 0, staleWhileRevalidate: 0, staleIfError: 0 }
    ],
    [
      'to be validated',
      { 'cache-control': 'no-cache', etag: '"1"' },
      { ttl: 0, staleWhileRevalidate: 0, staleIfError: 0 }
    ],
    [
      'a date',
      { date: new Date(NOW).toUTCString(), expires: new Date(NOW + 30_000).toUTCString() },
      { ...most, ttl: 30_000 }
    ],
    ['its age', { 'cache-control': 'max-age=60', age: '20' }, { ...most, ttl: 40_000 }],
    ['only when it was changed', { 'last-modified': 'Fri, 20 Nov 2026 10:00:00 GMT' }, most]
  ]
  for (const [what, headers, lifetime] of cases) t.strictSame(of(headers).lifetime, lifetime, what)
})

t.test('its age and its validators are kept', async (t) => {
  t.strictSame(
    of({ age: '20', etag: 'W/"1"', 'last-modified': 'Fri, 20 Nov 2026 10:00:00 GMT' }),
    {
      fetchedAt: NOW,
      bornAt: NOW - 20_000,
      etag: 'W/"1"',
      lastModified: 'Fri, 20 Nov 2026 10:00:00 GMT',
      lifetime: most
    }
  )
})
