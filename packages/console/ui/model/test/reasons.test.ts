import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { reasonOf, REASONS } from '../reasons.js'

const ROOT = new URL('../../../../../', import.meta.url)

/** Uppercase words in the sources of the cache that are not reasons. */
const OTHERS = new Set([
  'CONNECT', 'GET', 'OPTIONS', 'POST', 'PROPFIND', 'PUT', 'QUERY', 'REPORT', 'SEARCH', 'TRACE',
  'REQUEST_',
  // Values that describe the reuse of a stored response.
  'EXPIRED', 'FRESH', 'MAX_STALE', 'MISS', 'STALE_WHILE_REVALIDATE'
])

/** Returns the uppercase names in the sources of a folder, except error codes. */
function namesIn (folder: string): string[] {
  const path = fileURLToPath(new URL(folder, ROOT))
  return readdirSync(path)
    .filter((name) => /(?<!\.d)\.ts$/.test(name))
    .flatMap((name) => readFileSync(`${path}/${name}`, 'utf8').match(/'[A-Z][A-Z_-]{2,}'/g) ?? [])
    .map((name) => name.slice(1, -1))
    .filter((name) => !/^(WEIR_|ERR_)/.test(name) && !OTHERS.has(name))
}

t.test('every reason that the response cache can give is explained', async (t) => {
  // Credential reasons are the uppercase names of header fields.
  const names = new Set([
    ...namesIn('plugins/response-cache'),
    ...namesIn('packages/http/src'),
    'AUTHORIZATION', 'COOKIE', 'X-API-KEY', 'USER', 'CERTIFICATE'
  ])
  t.ok(names.size > 40, `${names.size} reasons were found`)
  for (const name of names) t.ok(Object.hasOwn(REASONS, name), name)
})

t.test('meaning and advice are sentences and parts of them', async (t) => {
  for (const [name, { words, advice }] of Object.entries(REASONS)) {
    t.match(words, /^[a-z][^\n]*[^.]$/, `${name}: a clause`)
    t.match(advice, /^[A-Z][^\n]*\.$/, `${name}: sentences`)
  }
  t.match(reasonOf('NEW_REASON'), { words: /^NEW_REASON/, advice: /reference/ })
  t.match(reasonOf('constructor').words, /^constructor, which/)
})
