import { slowTexts } from '@weir/internal/testing'
import t from 'tap'
import {
  answerFromStored,
  appendCacheStatus,
  decideReuse,
  decideStoring,
  deltaSeconds,
  earlyHints,
  endToEndHeaders,
  evaluatePreconditions,
  fetchHeaders,
  fieldValue,
  formatCacheGroups,
  formatCacheStatus,
  invalidatedPaths,
  isWeakDate,
  outcomeOf,
  outcomeOfHead,
  parseCacheControl,
  parseCacheGroups,
  parseEntityTag,
  parseEntityTags,
  updatedHeaders,
  variantKey,
  varyNames
} from '../src/index.js'

const POLICY = { etag: '"a"', lastModified: 'Thu, 01 Jan 2026 00:00:00 GMT', date: 0 } as const
const LIFETIME = {
  bornAt: 0,
  freshUntil: 0,
  source: 'ttl',
  staleUntil: 0,
  errorUntil: 0,
  noCache: false,
  neverStale: false,
  vary: [],
  variant: ''
} as const

/** Functions that parse text from clients and origins. */
const READERS: Readonly<Record<string, (text: string) => unknown>> = {
  parseCacheControl: (text) => parseCacheControl(text),
  'parseCacheControl of no-cache': (text) => parseCacheControl(`no-cache="${text}", ${text}`),
  parseCacheGroups: (text) => parseCacheGroups(text),
  parseEntityTag: (text) => parseEntityTag(text),
  parseEntityTags: (text) => parseEntityTags(text),
  deltaSeconds: (text) => deltaSeconds(text),
  earlyHints: (text) => earlyHints(`</a>; rel=preload; b=${text}, ${text}`),
  fieldValue: (text) => fieldValue([text, text]),
  varyNames: (text) => varyNames(text),
  'variantKey of a list': (text) => variantKey(['accept'], { accept: text }),
  'variantKey of Accept-Encoding': (text) =>
    variantKey(['accept-encoding'], { 'accept-encoding': text }),
  'variantKey of Accept-Language': (text) =>
    variantKey(['accept-language'], { 'accept-language': text }),
  endToEndHeaders: (text) => endToEndHeaders({ connection: text, a: '1' }),
  updatedHeaders: (text) => updatedHeaders({ a: '1' }, { connection: text, etag: text }),
  fetchHeaders: (text) => fetchHeaders({ range: text, 'if-none-match': text }),
  evaluatePreconditions: (text) =>
    evaluatePreconditions(
      {
        method: 'GET',
        headers: {
          'if-none-match': text,
          'if-match': text,
          'if-modified-since': text,
          'if-unmodified-since': text
        }
      },
      { etag: '"a"' }
    ),
  isWeakDate: (text) => isWeakDate(text, 0),
  answerFromStored: (text) =>
    answerFromStored(
      {
        method: 'GET',
        headers: { 'if-none-match': text, range: `bytes=${text}`, 'if-range': text }
      },
      { status: 200, policy: { ...POLICY, ...LIFETIME }, length: 9 },
      0
    ),
  decideReuse: (text) =>
    decideReuse({ method: 'GET', headers: { 'cache-control': text, pragma: text } }, undefined, 0),
  decideStoring: (text) =>
    decideStoring(
      { method: 'GET', headers: { 'cache-control': text, 'accept-encoding': text } },
      {
        status: 200,
        headers: {
          'cache-control': text,
          'cdn-cache-control': text,
          vary: text,
          expires: text,
          date: text,
          age: text,
          etag: text,
          'last-modified': text
        }
      },
      { requestTime: 0, responseTime: 0 }
    ),
  outcomeOf: (text) =>
    outcomeOf(POLICY, { status: 304, headers: { etag: text, 'last-modified': text } }, 0),
  outcomeOfHead: (text) =>
    outcomeOfHead(POLICY, 1, { status: 200, headers: { etag: text, 'content-length': text } }),
  invalidatedPaths: (text) =>
    invalidatedPaths(
      { method: 'PUT', origin: 'http://a', url: `/${text}` },
      { status: 200, headers: { location: text, 'content-location': `/${text}` } }
    ),
  formatCacheStatus: (text) => formatCacheStatus('weir', { key: text }),
  formatCacheGroups: (text) => formatCacheGroups([text]),
  appendCacheStatus: (text) => appendCacheStatus(text, 'weir')
}

for (const [name, read] of Object.entries(READERS)) {
  t.test(`${name} takes linear time`, async (t) => { t.strictSame(slowTexts(read), []) })
}
