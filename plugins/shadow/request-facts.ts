import { randomInt } from 'node:crypto'
import { fieldValue, responseDirectives, varyNames } from '@weir/http'
import { type Sign, textHash } from '@weir/metrics'
import type { FastifyRequest } from 'fastify'
import { credentialsOf, hasUser } from '../response-cache/credentials.js'
import type { Head } from '../response-cache/head.js'
import { isStored } from './refusal.js'

// Hashes of credentials and URLs cannot be compared with those of other processes.
const SEEDS = [randomInt(1, 2 ** 31), randomInt(1, 2 ** 31)] as const

/** Hash by which URLs are sampled. Cheap, because it is computed for each request. */
export const urlHash = (url: string): number => textHash(url, SEEDS[0])

// Names of header fields that usually contain credentials, besides fields of every browser.
const NAMED_LIKE_CREDENTIALS =
  /auth|token|session|secret|api-?key|user|account|tenant|jwt|credential/i
const NO_CREDENTIALS = new Set([':authority', 'user-agent'])
// Names are chosen by clients, so only some are remembered.
const MOST_NAMES = 256

let latest = { host: '', seed: textHash('', SEEDS[1]) }

/** Hash of host and URL, unique within the sample. */
export function keyHash (hash: number, { host, url }: FastifyRequest): number {
  if (host !== latest.host) latest = { host, seed: textHash(host, SEEDS[1]) }
  return hash * 2 ** 21 + (textHash(url, latest.seed) >>> 11)
}

/** Reads from requests what their responses may depend on. */
export class RequestFacts {
  readonly #named = new Map<string, boolean>()
  readonly #credentialsOf: (request: FastifyRequest) => readonly string[]

  /** @param credentials header fields that identify users, in lower case */
  constructor (readonly credentials: readonly string[]) {
    this.#credentialsOf = credentialsOf(credentials)
  }

  /**
   * Returns the header fields of a request that are named like credentials, besides the known ones.
   * @param declared fields in Vary, by which caches separate responses anyway
   */
  carriedBy ({ headers }: FastifyRequest, declared: ReadonlySet<string>): readonly string[] {
    let found = NONE
    for (const name in headers) {
      if (this.#isNamed(name) && !declared.has(name)) found = [...found, name]
    }
    return found
  }

  #isNamed (name: string): boolean {
    const known = this.#named.get(name)
    if (known !== undefined) return known
    const isNamed = NAMED_LIKE_CREDENTIALS.test(name) && !NO_CREDENTIALS.has(name) &&
      !this.credentials.includes(name)
    if (this.#named.size < MOST_NAMES) this.#named.set(name, isNamed)
    return isNamed
  }

  /** Returns whether a request identifies a user; a quick look, for requests without a probe. */
  isOfUser (request: FastifyRequest): boolean {
    for (const name of this.credentials) if (request.headers[name] !== undefined) return true
    return hasUser(request)
  }

  /**
   * Returns a hash of the credentials of a request; 0 without any.
   * @param carried result of `carriedBy`
   */
  userOf (request: FastifyRequest, carried: readonly string[]): number {
    const names = [...this.#credentialsOf(request), ...carried]
    if (names.length === 0) return 0
    const values = names.map((name) =>
      name === 'user' ? idOf(request) : `${name}=${valueOf(request, name)}`)
    return textHash(values.join('\n'), SEEDS[1]) || 1
  }

  /** Returns hashes of header fields; 0 for absent ones. */
  headersOf (request: FastifyRequest, names: readonly string[]): number[] {
    return names.map((name) => {
      const value = fieldValue(request.headers[name])
      if (value === undefined) return 0
      return textHash(name === 'accept-encoding' ? encodingsIn(value) : value) || 1
    })
  }

  /** Returns the properties of a response that caching depends on, and the names in its Vary. */
  signsOf (
    { status, fields }: Head,
    isOfUser: boolean,
    isTooLarge: boolean
  ): { signs: Set<Sign>, vary: readonly string[] } {
    const signs = new Set<Sign>()
    const { directives } = responseDirectives(fields)
    const has = (name: string) => directives.has(name)
    if (fields['set-cookie'] !== undefined) signs.add('setCookie')
    if (has('private')) signs.add('private')
    if (has('no-store')) signs.add('noStore')
    if (has('public') || has('s-maxage') || has('must-revalidate')) signs.add('declared')
    if (isOfUser) signs.add('credentials')
    if (!isStored(status)) signs.add('status')
    if (isTooLarge) signs.add('tooLarge')
    if (isExpired(fields)) signs.add('expired')
    const vary = varyNames(fields['vary'])
    if (vary === '*') signs.add('varyAny')
    const names = vary === '*' ? [] : vary
    if (names.some((name) => this.credentials.includes(name))) signs.add('varyUser')
    return { signs, vary: names.filter((name) => !this.credentials.includes(name)) }
  }
}

const NONE: readonly string[] = []

/** Whether a response without Cache-Control is declared as outdated at once, as by HTTP/1.0. */
function isExpired (fields: Head['fields']): boolean {
  if (fields['cache-control'] !== undefined) return false
  if (fieldValue(fields['pragma'])?.toLowerCase().includes('no-cache') === true) return true
  const expires = fieldValue(fields['expires'])
  // A value that is no date, such as 0, means the past.
  return expires !== undefined && !(Date.parse(expires) > Date.now())
}

/** Reduces Accept-Encoding to the encodings that servers choose from, in one order. */
const encodingsIn = (value: string): string =>
  ['zstd', 'br', 'gzip', 'deflate'].filter((name) => value.toLowerCase().includes(name)).join()

const valueOf = ({ headers, raw }: FastifyRequest, name: string): string => {
  const lower = name.toLowerCase()
  return String(fieldValue(headers[lower]) ?? fieldValue(raw.headers[lower]) ?? '')
}

/** Returns the id of `request.user`, which authentication sets; empty if it has none. */
function idOf (request: FastifyRequest): string {
  const { user } = request as { user?: unknown }
  if (typeof user === 'string' || typeof user === 'number') return String(user)
  if (typeof user !== 'object' || user === null) return ''
  const { id, sub } = user as { readonly id?: unknown, readonly sub?: unknown }
  const [given] = [id, sub].filter((one) => typeof one === 'string' || typeof one === 'number')
  return String(given ?? '')
}
