import { millisecondsOf, within } from '@weir/internal'
import type { Kysely, Transaction } from 'kysely'
import type { DeliveryOutcome } from './delivery.js'
import { timedOut } from './errors.js'
import { emit } from './events.js'
import type { Invalidations } from './invalidations.js'
import { keyTag } from './key-tag.js'
import { demandMethods, invalid, refuseUnknown } from './options.js'
import { checkTags } from './tags.js'

/** Milliseconds, or text such as `'60s'`. */
export type CacheDuration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`

/** Lifetimes of a value in the cache: see `EntryOptions` of @weir/cache. */
export interface KeptOptions {
  readonly ttl: CacheDuration
  readonly staleWhileRevalidate?: CacheDuration
  readonly staleIfError?: CacheDuration
}

/** The part of a @weir/cache cache that write-through uses. */
export interface WriteThroughCache<V> {
  remember(
    key: string,
    options: KeptOptions & { readonly tags: readonly string[] },
    fn: () => Promise<V>
  ): Promise<V>
}

/** Options of {@link writeThrough}. */
export interface WriteThroughOptions<S, Input, Written, Value> extends KeptOptions {
  /** The service's own database, also used by the outbox. */
  readonly db: Kysely<S>
  readonly outbox: Invalidations<NoInfer<S>>
  /** The cache that the outbox invalidates. */
  readonly cache: WriteThroughCache<Value>
  /** Returns the cache key under which the value is read. */
  readonly key: (written: Written, input: Input) => string
  /** Writes to the database. An error rolls everything back and is passed to the caller. */
  readonly write: (trx: Transaction<S>, input: Input) => Promise<Written>
  /**
   * Reads the value for the cache: the function that readers pass to `remember`. Reads the primary
   * database, not a replica.
   */
  readonly read: (written: Written, input: Input) => Promise<Value>
  /**
   * Returns tags of the value; other values with these tags end too. The key itself needs no tag.
   */
  readonly tags?: (written: Written, input: Input) => readonly string[]
}

/** The outcome of a successful write. */
export interface WrittenThrough<Written> {
  /** The result of `write`. */
  readonly value: Written
  /**
   * `queued`: the cache could not be notified yet. No instance that calls `isDrained()` uses it
   * before it has been.
   */
  readonly outcome: DeliveryOutcome
}

/** Milliseconds for which the committed write waits until the new value is in the cache. */
const PUT_TIMEOUT = 500

/**
 * Creates a function that writes to the database and the cache in one step.
 *
 * When it resolves, no instance serves the old value, and the next read is a hit. If it rolls back,
 * nothing has changed. While the cache does not answer, writes continue: their invalidations wait
 * in the outbox.
 *
 * **No older value replaces a newer one**, however many writers there are, and in whatever order
 * they commit and put. Let c be the commit of the newest write of the key, with its ticket, and i >
 * c the moment of its invalidation. The value is put like any fill of the cache: a stamp s is
 * taken, then the database is read, at r > s. If r < c, then s < i, and the value is invalid from i
 * on (Rule V), wherever it is stored by then. If r > c, it is the newest. This requires that the
 * value is read back rather than passed on by `write`: of two writers, the first to commit may be
 * the last to put, and its invalidation the later one. The stamp of a value returned by `write`
 * would have to precede the commit, and therefore its own invalidation, which would end it.
 * @throws OutboxError WEIR_OUTBOX_INVALID_OPTION; the returned function rejects, rolled back, with
 *   WEIR_OUTBOX_INVALID_KEY, WEIR_OUTBOX_INVALID_TAG, or the errors of `write`, `key`, `tags` or
 *   the database
 * @example
 * const saveProduct = writeThrough({
 *   db,
 *   outbox,
 *   cache,
 *   ttl: '1m',
 *   write: (trx, { id, price }: { id: string; price: number }) =>
 *     trx
 *       .updateTable('products')
 *       .set({ price })
 *       .where('id', '=', id)
 *       .returningAll()
 *       .executeTakeFirstOrThrow(),
 *   read: ({ id }) => load(id),
 *   key: ({ id }) => id,
 *   tags: ({ id }) => [`product:${id}`]
 * })
 * const { value, outcome } = await saveProduct({ id: '42', price: 1299 })
 */
export function writeThrough<S, Input, Written, Value> (
  options: WriteThroughOptions<S, Input, Written, Value>
): (input: Input) => Promise<WrittenThrough<Written>> {
  const { db, outbox, cache, key, write, read, tags, kept } = checked(options)
  return async (input) => {
    const { value, ticket, at, ownTags } = await db.transaction().execute(async (trx) => {
      const value = await write(trx, input)
      const at = key(value, input)
      const ownTags = tags(value, input)
      checkTags(ownTags)
      return { value, at, ownTags, ticket: await outbox.add(trx, [keyTag(at), ...ownTags]) }
    })
    const outcome = await outbox.deliver(ticket)
    // A cache that could not be notified may not answer either.
    if (outcome !== 'queued') {
      await put(async () =>
        cache.remember(at, { ...kept, tags: ownTags }, () => read(value, input))
      )
    }
    return { value, outcome }
  }
}

/** @throws OutboxError WEIR_OUTBOX_INVALID_OPTION */
function checked<S, Input, Written, Value> ({
  db,
  outbox,
  cache,
  key,
  write,
  read,
  tags = () => [],
  ttl,
  staleWhileRevalidate,
  staleIfError,
  ...others
}: WriteThroughOptions<S, Input, Written, Value>) {
  refuseUnknown(others)
  demandMethods('db', db, ['transaction'], 'new Kysely() of kysely')
  demandMethods('outbox', outbox, ['add', 'deliver'], 'createOutbox()')
  demandMethods('cache', cache, ['remember'], 'createCache() of @weir/cache')
  for (const [name, fn] of Object.entries({ key, write, read, tags })) {
    if (typeof fn !== 'function') throw invalid(name, fn, 'pass a function')
  }
  if (!(Number(millisecondsOf(ttl)) > 0)) {
    throw invalid('ttl', ttl, 'use milliseconds from 1, or text such as "60s"')
  }
  for (const [name, duration] of Object.entries({ staleWhileRevalidate, staleIfError })) {
    if (duration !== undefined && millisecondsOf(duration) === undefined) {
      throw invalid(name, duration, 'use milliseconds, or text such as "60s"')
    }
  }
  const kept: KeptOptions = {
    ttl,
    ...(staleWhileRevalidate !== undefined && { staleWhileRevalidate }),
    ...(staleIfError !== undefined && { staleIfError })
  }
  return { db, outbox, cache, key, write, read, tags, kept }
}

/** Never rejects: the write is committed, and a missing value is a miss. */
async function put (keep: () => Promise<unknown>): Promise<void> {
  try {
    await within(
      PUT_TIMEOUT,
      keep(),
      timedOut('The cache', PUT_TIMEOUT)
    )
  } catch (error) {
    emit('weir:outbox:error', { operation: 'put', error })
  }
}
