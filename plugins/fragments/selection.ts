import { hash } from 'node:crypto'
import { variantKey } from '@weir/http'
import { RecentKeys } from '@weir/internal'
import type { FastifyRequest } from 'fastify'
import { ignoreRejection, resultOf } from '../given.js'
import { hasUser } from '../response-cache/credentials.js'
import { isPlain } from '../response-cache/plain.js'
import type { FragmentOptions, VaryFunction } from './options.js'

/** Says who asks: a text that no two users share; nothing where that is not known. */
export type Identify = (request: FastifyRequest) => string | null | undefined

/** The fragment that a request selects. */
export interface Selection {
  /** The key under which it is kept. Undefined: it cannot be kept. */
  readonly key: string | undefined
  /**
   * The key of the fragment itself, whatever it varies by: the tag of that ends all of its
   * variants.
   */
  readonly of: string
  readonly names: readonly string[]
  readonly functions: readonly VaryFunction[]
  /** Why it is not known what it depends on. */
  readonly unclear: string | undefined
}

// No key of a response begins like it: those begin with a scheme.
const PREFIX = 'fragment'

/** The key of a fragment that depends on nothing of the request. */
export const fragmentKey = (key: string): string => plainSelection(key).of

/** The selection of a fragment that depends on nothing of the request. */
function plainSelection (key: string): Selection {
  const known = recent.get(key)
  if (known !== undefined) return known
  const of = `${PREFIX}:${key}`
  const made = { key: of, of, names: NONE, functions: NONE, unclear: undefined }
  recent.set(key, made)
  return made
}

/** The key that a fragment was asked for by: the inverse of `fragmentKey`. */
export const keyOfFragment = (key: string): string => key.slice(PREFIX.length + 1)

// A key that is the same string each time is hashed once.
const recent = new RecentKeys<Selection>()

/** Finds the key under which a request has a fragment. */
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
        'a function of vary returned a promise, an error or another object that is no plain data'
    }
  }
  const user = isPrivate === true ? identify(request) : undefined
  if (isPrivate === true && typeof user !== 'string') {
    return { key: undefined, of, names, functions, unclear: undefined }
  }
  // A list of the values' lists: what is undefined has none.
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
 * Makes the function that tells users apart: by a digest, because keys are seen in stores and logs,
 * where names of people do not belong. Default: all that is known of `request.user`, roles
 * included, if that is plain data with an `id` or `sub`.
 * @param identify the application's own
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

/** A user without one may be anybody: `{ role: 'reader' }` is all readers. */
function hasId (user: unknown): boolean {
  if (typeof user !== 'object' || user === null) return false
  const { id, sub }: { readonly id?: unknown, readonly sub?: unknown } = user
  return [id, sub].some(
    (value) => (typeof value === 'string' && value !== '') || typeof value === 'number'
  )
}
