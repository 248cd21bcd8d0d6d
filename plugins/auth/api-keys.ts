import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { within } from '@weir/internal'
import {
  WEIR_ERR_API_KEY_LOOKUP,
  WEIR_ERR_AUTH_UNAVAILABLE,
  WEIR_ERR_INVALID_CREDENTIALS
} from '../errors.js'
import { isUser, type User } from './user.js'

/** Stored part of an API key: its hash and its user. */
export interface StoredApiKey {
  /** SHA-256 of the key, in hex. */
  readonly hash: string
  readonly user: User
}

/**
 * Finds a key by its id, the part before the dot. Called for each request with one: keep it fast.
 */
export type ApiKeyLookup = (
  id: string
) => StoredApiKey | undefined | Promise<StoredApiKey | undefined>

// Milliseconds after which a lookup without a result has failed.
const LOOKUP_TIMEOUT = 1000

/**
 * Creates an API key: give `key` to its owner, shown once, and store `hash`. A plain SHA-256 is
 * secure here and fast enough for each request: slow hashes protect memorable passwords, while 256
 * random bits cannot be guessed.
 * @param id finds the key: letters, digits, `_` and `-`
 * @example createApiKey('ci') // { key: 'ci.mB5dEG…', hash: '5f2c…' }
 */
export function createApiKey (id: string): { key: string, hash: string } {
  if (!/^[\w-]+$/.test(id)) {
    throw new TypeError(`id ${JSON.stringify(id)}: give letters, digits, "_" or "-"`)
  }
  const key = `${id}.${randomBytes(32).toString('base64url')}`
  return { key, hash: digest(key).toString('hex') }
}

/**
 * Returns the user of a key.
 * @param complain receives the error of a lookup that returns neither a stored key nor nothing; the
 *   key is then unknown
 * @throws WEIR_ERR_INVALID_CREDENTIALS, WEIR_ERR_AUTH_UNAVAILABLE
 */
export async function userOfApiKey (
  key: string,
  lookup: ApiKeyLookup,
  complain: (error: Error) => void
): Promise<User> {
  const [id = ''] = key.split('.', 1)
  const result = await found(id, lookup)
  const stored = isStoredApiKey(result) ? result : undefined
  if (stored === undefined && result !== undefined && result !== null) {
    complain(new WEIR_ERR_API_KEY_LOOKUP(id))
  }
  // An unknown id takes as long as a wrong key.
  const presented = digest(key)
  const equal = timingSafeEqual(
    presented,
    stored === undefined ? Buffer.alloc(presented.length) : Buffer.from(stored.hash, 'hex')
  )
  if (stored === undefined || !equal) {
    throw new WEIR_ERR_INVALID_CREDENTIALS('this API key is unknown or revoked')
  }
  return stored.user
}

async function found (id: string, lookup: ApiKeyLookup): Promise<unknown> {
  try {
    const late = () => new Error(`no answer within ${LOOKUP_TIMEOUT} ms`)
    return await within(LOOKUP_TIMEOUT, Promise.resolve(lookup(id)), late)
  } catch (error) {
    throw Object.assign(new WEIR_ERR_AUTH_UNAVAILABLE({ cause: error }), {
      headers: { 'retry-after': '1' }
    })
  }
}

function isStoredApiKey (value: unknown): value is StoredApiKey {
  if (typeof value !== 'object' || value === null) return false
  const { hash, user }: { readonly hash?: unknown, readonly user?: unknown } = value
  return typeof hash === 'string' && /^[\da-f]{64}$/i.test(hash) && isUser(user)
}

const digest = (key: string) => createHash('sha256').update(key).digest()
