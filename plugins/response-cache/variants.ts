import type { Entry, EntryOptions, StoreResult } from '@weir/cache'
import type { Policy } from '@weir/http'
import type { FastifyRequest } from 'fastify'
import { targetTags, variantKeyOf } from './key.js'
import { lifetime } from './lifetime.js'
import type { OngoingFill } from './ongoing-fill.js'
import { StoredResponse } from './stored-response.js'

/** A response that is to be stored, and how. */
export interface Storable {
  readonly response: StoredResponse
  readonly policy: Policy
  readonly tags: readonly string[]
  readonly responseTime: number
}

// Milliseconds: a day.
const LIST_TTL = 86_400_000

/** Stores it under the fill's own key, or, if it differs by header fields that are not in that, under a variant's (RFC 9111, 4.1). */
export async function commit (
  { fill, target, route }: OngoingFill, request: FastifyRequest, { response, policy, tags, responseTime }: Storable
): Promise<{ entry: Entry<StoredResponse>, result: StoreResult }> {
  // A write to the URI ends all that is stored of it (RFC 9111, 4.4).
  const lasting = lifetime(policy, responseTime, route.options.retain)
  const optionsFor = (key: string): EntryOptions => ({ ...lasting, tags: [...tags, ...targetTags(target.key, key)] })
  const names = policy.vary.filter((name) => !target.names.includes(name))
  if (names.length === 0) return fill.commit(response, () => optionsFor(fill.key))

  const all = [...new Set([...target.variant?.names ?? [], ...names])].sort()
  const primary = { ...target.key, key: target.variant?.of ?? fill.key }
  const variant = variantKeyOf(primary, all, request)
  const stored = await fill.storeVariant(variant.key, response, optionsFor(variant.key))
  const list = StoredResponse.variants(all)
  const listOptions = { ttl: LIST_TTL, tags: targetTags(target.key, primary.key) }
  if (primary.key === fill.key) await fill.commit(list, () => listOptions)
  else {
    await fill.storeVariant(primary.key, list, listOptions)
    fill.abandon()
  }
  return stored
}
