import { hash } from 'node:crypto'
import { variantKey } from '@weir/http'
import { RecentKeys } from '@weir/internal'
import type { FastifyRequest } from 'fastify'
import { ignoreRejection, resultOf } from '../given.js'
import { hasUser } from '../response-cache/credentials.js'
import { isPlain } from '../response-cache/plain.js'
import type { FragmentOptions, VaryFunction } from './options.js'

/** Identifies the user: a text that no two users share, or nothing if the user is unknown. */
export type Identify = (request: FastifyRequest) => string | null | undefined

/** Fragment that a request selects. */
export interface Selection {
  /** Key under which it is stored; undefined if it cannot be stored. */
  readonly key: string | undefined
  /** Key of the fragment itself, without variants: its tag invalidates all of them. */
  readonly of: string
  readonly names: readonly string[]
  readonly functions: readonly VaryFunction[]
  /** Reason why its dependencies are unknown. */
  readonly unclear: string | undefined
}

// Keys of responses begin with a scheme, so the prefix cannot collide with them.
const PREFIX = 'fragment'

/** Returns the key of a fragment that does not depend on the request. */
export const fragmentKey = (key: string): string => plainSelection(key).of

/** Returns the selection of a fragment that does not depend on the request. */
function plainSelection (key: string): Selection {
  const known = recent.get(key)
  if (known !== undefined) return known
  const of = `${PREFIX}:${key}`
  const made = { key: of, of, names: NONE, functions: NONE, unclear: undefined }
  recent.set(key, made)
  return made
}

/** Returns the key with which a fragment was requested: the inverse of `fragmentKey`. */
export const keyOfFragment = (key: string): string => key.slice(PREFIX.length + 1)

// Hashes a key that is the same string each time only once.
const recent = new RecentKeys<Selection>()

/** Finds the key under which a request's fragment is stored. */
export function selectionOf (
  key: string,
  { vary, private: isPrivate }: FragmentOptions,
  request: FastifyRequest,
  identify: Identify
): Selection {
  const plain = plainSelection(key)
  if (vary === undefined && isPrivate !== true) return plain
  const { of } = plain
  const names: string[] = []
  const functions: VaryFunction[] = []
  for (const item of vary ?? NONE) {
    if (typeof item === 'string') names.push(item.toLowerCase())
    else functions.push(item)
  }
  names.sort()
  const values = functions.map((vary) => resultOf(() => vary(request)))
  const strange = values.find((value) => value !== undefined && !isPlain(value))
  if (strange !== undefined) {
    ignoreRejection(strange)
    return {
      key: undefined,
      of,
      names,
      functions,
      unclear:
        'a function of vary returned a promise, an error or another object that is not plain data'
    }
  }
  const user = isPrivate === true ? identify(request) : undefined
  if (isPrivate === true && typeof user !== 'string') {
    return { key: undefined, of, names, functions, unclear: undefined }
  }
  // One list of values per name: absent values have none.
  const selecting = [
    key,
    user ?? false,
    variantKey(names, request.headers),
    ...values.map((value) => (value === undefined ? [] : [value]))
  ]
  return { key: PREFIX + JSON.stringify(selecting), of, names, functions, unclear: undefined }
}

const NONE: readonly never[] = []

/**
 * Returns the function that identifies users by a digest, because keys appear in stores and logs,
 * where personal names do not belong. Default: all of `request.user`, roles included, if that is
 * plain data with an `id` or `sub`.
 * @param identify function of the application
 */
export function userOf (identify: Identify | undefined): Identify {
  return (request) => {
    const user: unknown =
      identify === undefined ? ofRequest(request) : resultOf(() => identify(request))
    if (typeof user === 'string' && user !== '') return hash('sha256', user, 'hex').slice(0, 32)
    ignoreRejection(user)
    return undefined
  }
}

function ofRequest (request: FastifyRequest): string | undefined {
  const { user } = request as { user?: unknown }
  return hasUser(request) && hasId(user) && isPlain(user) ? JSON.stringify(user) : undefined
}

/** Excludes users without an id: `{ role: 'reader' }` is the same for all readers. */
function hasId (user: unknown): boolean {
  if (typeof user !== 'object' || user === null) return false
  const { id, sub }: { readonly id?: unknown, readonly sub?: unknown } = user
  return [id, sub].some(
    (value) => (typeof value === 'string' && value !== '') || typeof value === 'number'
  )
}
