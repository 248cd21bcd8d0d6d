import { gzipSync } from 'node:zlib'
import type { Random } from '../coherence/random.js'
import type { Intent, Method } from './exchange.js'
import type { History } from './history.js'
import type { Target, Write } from './subject.js'
import { USERS } from './users.js'

const ITEMS = ['1', '1', '1', '2', '3']
// Writes are spread evenly, so that popular responses are not always new.
const WRITTEN = ['1', '2', '3']
const ENCODINGS = ['gzip', 'br', 'gzip, deflate, br', 'identity', 'gzip;q=0, *', '']
const LANGUAGES = ['de', 'en', 'fr-CH, fr;q=0.9']
const ACCEPTS = ['application/json', 'text/html', '*/*']
const RANGES = [
  'bytes=0-9',
  'bytes=5-',
  'bytes=-7',
  'bytes=100000-',
  'bytes=0-0',
  'bytes=0-1,4-5',
  'lines=1-2'
]
/** Header fields that select one of several responses. */
export const SELECTING = [
  'accept',
  'accept-encoding',
  'accept-language',
  'accept-version',
  'origin'
] as const
const DIRECTIVES = ['no-cache', 'max-age=0', 'no-store', 'max-stale', 'max-age=3600']

/** Spellings of a path that servers may or may not treat as the same. */
const SPELLINGS: readonly ((path: string) => string)[] = [
  (path) => path.replace(/\d$/, (digit) => `%3${digit}`),
  (path) => path.replace(/[a-z]/, (letter) => `%${letter.charCodeAt(0).toString(16)}`),
  (path) => `${path}/`,
  (path) => `/${path}`,
  (path) => path.toUpperCase(),
  (path) => path.replace(/\/(?=[^/]*$)/, '/./'),
  (path) => path.replace(/\/(?=[^/]*$)/, '/x/../'),
  (path) => `${path}?`,
  (path) => `${path}#part`,
  (path) => `${path};v=1`,
  (path) => `${path}%00`,
  (path) => `${path}%E0%A4%A`,
  (path) => `${path}%2f..`
]

export interface Mix {
  readonly targets: readonly Target[]
  readonly writes: readonly Write[]
}

/** Makes the next request: usually one whose response may already be stored. */
export function nextIntent (random: Random, { targets, writes }: Mix, history: History): Intent {
  const user = random.chance(0.4) ? 'anonymous' : random.pick(USERS)
  const kind = random.next()
  if (kind < 0.04) return writing(random, random.pick(writes), user)
  if (kind < 0.06) {
    return {
      user,
      method: 'OPTIONS',
      path: pathOf(random, random.pick(targets)),
      headers: preflight(random)
    }
  }
  if (kind < 0.07) return { user, method: 'GET', path: '/nowhere', headers: {} }
  return reading(random, random.pick(targets), user, history)
}

function reading (random: Random, target: Target, user: string, history: History): Intent {
  const plainPath = pathOf(random, target)
  const isOdd = random.chance(0.08)
  const path = isOdd
    ? random.pick(SPELLINGS)(plainPath)
    : plainPath + random.pick(target.queries ?? [''])
  const method: Method = target.hasHead !== false && random.chance(0.12) ? 'HEAD' : 'GET'
  const condition = random.chance(0.2) ? history.conditionFor(random, path, user) : undefined
  // Responses to other spellings do not count for the share of hits.
  const headers = headersFor(random, target)
  // A client validates with the same header fields that selected the response.
  for (const name of condition === undefined ? [] : SELECTING) {
    const value = condition?.from.intent.headers[name]
    if (value === undefined) delete headers[name]
    else headers[name] = value
  }
  return {
    user,
    method,
    path,
    headers,
    condition,
    target: isOdd ? { ...target, isStored: false } : target
  }
}

/**
 * Header fields of common clients: most requests have those of one of them, so that responses are
 * requested again.
 */
const CLIENTS: readonly Readonly<Record<string, string>>[] = [
  {},
  { accept: '*/*' },
  { accept: 'text/html', 'accept-encoding': 'gzip, deflate, br', 'accept-language': 'en' },
  { accept: 'application/json', 'accept-encoding': 'gzip', origin: 'https://a.example' }
]

function headersFor (random: Random, { path, headers: own }: Target): Record<string, string> {
  const headers: Record<string, string> = { ...CLIENTS[random.skewed(CLIENTS.length)], ...own }
  const sometimes = (probability: number, name: string, values: readonly string[]) => {
    if (random.chance(probability)) headers[name] = random.pick(values)
  }
  sometimes(0.08, 'accept-encoding', ENCODINGS)
  sometimes(0.08, 'accept-language', LANGUAGES)
  sometimes(0.08, 'accept', ACCEPTS)
  sometimes(0.05, 'origin', ['https://a.example', 'https://b.example'])
  sometimes(0.08, 'range', RANGES)
  sometimes(0.03, 'cache-control', DIRECTIVES)
  sometimes(0.01, 'pragma', ['no-cache'])
  sometimes(0.02, 'x-forwarded-host', ['other.test'])
  if (path.startsWith('/versioned')) {
    sometimes(0.9, 'accept-version', ['1.0.0', '1.0.0', '2.0.0', '2.0.0', '3.0.0'])
  }
  return headers
}

const preflight = (random: Random): Record<string, string> =>
  random.chance(0.5) ? { origin: 'https://a.example', 'access-control-request-method': 'PUT' } : {}

function writing (random: Random, { method, path, type, body }: Write, user: string): Intent {
  const bytes =
    body === undefined ? undefined : Buffer.from(body.replaceAll('{n}', random.pick(WRITTEN)))
  const isZipped = type === 'application/json' && bytes !== undefined && random.chance(0.1)
  const headers = {
    ...(type !== undefined && { 'content-type': type }),
    ...(isZipped && { 'content-encoding': 'gzip' })
  }
  return {
    user,
    method,
    path: path.replaceAll('{n}', random.pick(WRITTEN)),
    headers,
    body: isZipped ? gzipSync(bytes) : bytes
  }
}

const pathOf = (random: Random, { path }: Target) => path.replaceAll('{n}', random.pick(ITEMS))
