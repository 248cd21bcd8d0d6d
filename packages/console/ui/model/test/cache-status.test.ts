import t from 'tap'
import { parseCacheStatus } from '../cache-status.js'

const unkept = { hit: false, stored: false, collapsed: false }

t.test('each member with its parameters', async (t) => {
  t.strictSame(parseCacheStatus('catalog-2; hit; ttl=57; detail=store'), [
    { ...unkept, cache: 'catalog-2', hit: true, ttl: 57, detail: 'store' }
  ])
  t.strictSame(parseCacheStatus('catalog-1; fwd=uri-miss; ttl=60; stored'), [
    { ...unkept, cache: 'catalog-1', fwd: 'uri-miss', ttl: 60, stored: true }
  ])
  t.strictSame(parseCacheStatus('c; fwd=stale; fwd-status=503; ttl=-3; detail=STALE_IF_ERROR'), [
    { ...unkept, cache: 'c', fwd: 'stale', fwdStatus: 503, ttl: -3, detail: 'STALE_IF_ERROR' }
  ])
  t.strictSame(parseCacheStatus('c; fwd=miss; collapsed=?0; detail="too large"'), [
    { ...unkept, cache: 'c', fwd: 'miss', detail: 'too large' }
  ])
  t.strictSame(
    parseCacheStatus('origin; hit, "An Edge"; fwd=miss; collapsed').map(({ cache }) => cache),
    ['origin', 'An Edge']
  )
})

t.test('what is none, and what is of another type, tells nothing', async (t) => {
  for (const field of [null, '', '; hit', 'a b', '"', 'ü']) {
    t.strictSame(parseCacheStatus(field), [], String(field))
  }
  t.strictSame(parseCacheStatus('c; ttl=soon; hit=1; fwd=2; detail'), [{ ...unkept, cache: 'c' }])
  t.strictSame(parseCacheStatus('(a b); hit'), [{ ...unkept, cache: '', hit: true }])
})
