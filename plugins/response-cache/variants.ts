import type { Entry, EntryOptions, StoreResult } from '@weir/cache'
import type { Policy, QueryVariance } from '@weir/http'
import type { FastifyRequest } from 'fastify'
import { ruledKey, targetTags, variantKeyOf } from './key.js'
import { lifetime } from './lifetime.js'
import type { OngoingFill } from './ongoing-fill.js'
import { StoredResponse } from './stored-response.js'
import { exactKey, primaryKey } from './target.js'

/** Response to be stored, with its options. */
export interface Storable {
  readonly response: StoredResponse
  readonly policy: Policy
  /** Rule from its No-Vary-Search. */
  readonly rule: QueryVariance | undefined
  readonly tags: readonly string[]
  readonly responseTime: number
}

/** A response with the key that it is stored under. */
export interface StoredUnder {
  readonly key: string
  readonly entry: Entry<StoredResponse>
  readonly result: StoreResult
}
type Stored = Promise<StoredUnder>

// Milliseconds: a day.
const LIST_TTL = 86_400_000

/**
 * Stores the response under the fill's own key, or under another: of a variant, if it differs by
 * header fields that are not in the key (RFC 9111, 4.1); of its own No-Vary-Search, if the fill's
 * key was derived from a different one. Then the fill's key refers to it.
 */
export function commit (ongoing: OngoingFill, request: FastifyRequest, storable: Storable): Stored {
  const { fill, target, route: { rules } } = ongoing
  const { rule } = storable
  if (rule === undefined) return store(ongoing, request, storable)
  const learned = rules.learn(fill, exactKey(target), rule)
  return Promise.all([store(ongoing, request, storable), learned]).then(([stored]) => stored)
}

function store (ongoing: OngoingFill, request: FastifyRequest, storable: Storable): Stored {
  const { fill, target, route } = ongoing
  const { response, policy, rule, tags, responseTime } = storable
  const home = ruledKey(exactKey(target), rule)
  const hasMoved = home.key !== primaryKey(target)
  const known = hasMoved ? [] : target.variant?.names ?? []
  // A write to the URI invalidates everything stored for it (RFC 9111, 4.4).
  const lasting = lifetime(policy, responseTime, route.options.retain)
  const optionsFor = (key: string): EntryOptions => ({
    ...lasting,
    tags: [...tags, ...targetTags(home, key)]
  })
  const inKey = hasMoved
    ? target.names.filter((name) => target.variant?.names.includes(name) !== true)
    : target.names
  const names = policy.vary.filter((name) => !inKey.includes(name))
  if (names.length === 0 && !hasMoved) {
    const { key } = fill
    return fill.commit(response, () => optionsFor(key)).then((stored) => ({ ...stored, key }))
  }
  return elsewhere([...new Set([...known, ...names])].sort())

  async function elsewhere (all: readonly string[]): Stored {
    const { key } = all.length === 0 ? home : variantKeyOf(home, all, request)
    const stored = await fill.storeVariant(key, response, optionsFor(key))
    if (all.length > 0) {
      const list = StoredResponse.variants(all)
      const listOptions = { ttl: LIST_TTL, tags: targetTags(home, home.key) }
      if (home.key === fill.key) await fill.commit(list, () => listOptions)
      else await fill.storeVariant(home.key, list, listOptions)
    }
    if (hasMoved) await leaveWord(stored.entry)
    else if (home.key !== fill.key) fill.abandon()
    return { ...stored, key }
  }

  /**
   * Stores a reference under the fill's key, so that callers that wait for the fill, and later
   * requests with its key, find the response. It lasts as long as the response may be served: then
   * queries that share the fill's key have one fill again.
   */
  async function leaveWord ({
    freshUntil,
    staleUntil,
    errorUntil,
    storedAt
  }: Entry<StoredResponse>): Promise<void> {
    const ttl = Math.max(freshUntil, staleUntil, errorUntil) - storedAt
    if (ttl > 0) {
      await fill.commit(StoredResponse.ruled(rule), () => ({
        ttl,
        tags: targetTags(target.key, fill.key)
      }))
    } else fill.abandon()
  }
}
