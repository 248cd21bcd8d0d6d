import { shown } from '@weir/internal'
import type { Kysely } from 'kysely'
import { OutboxError } from './errors.js'
import type { OutboxSchema } from './table.js'

/** Options of `createOutbox`. Times are in milliseconds. */
export interface OutboxOptions {
  /**
   * The service's own database, migrated with `outboxMigration`. Not a read replica: it must see
   * what is committed. A connection that waits for locks, where the database has such: a delete
   * that is refused is a row delivered once more.
   */
  readonly db: Kysely<OutboxSchema>
  /** Resolves when no instance serves anything any more that carries one of the tags. */
  readonly invalidate: (tags: readonly string[]) => Promise<unknown>
  /**
   * Names the cache that is told, at most 100 characters. **The same for every instance, and
   * another one for every other cache** whose invalidations are in the same database: an outbox
   * sees the rows of its own namespace only. Default `responses`.
   */
  readonly namespace?: string
  /** How often the table is looked at. Default 250. */
  readonly pollInterval?: number
  /**
   * How long the cache may be trusted after a look at the table. **The same for every instance**:
   * writers wait it out. Default 1000.
   */
  readonly lease?: number
  /** After this an invalidation that has not answered counts as failed. Default 500. */
  readonly invalidateTimeout?: number
}

/** That of the response cache. */
export const DEFAULT_NAMESPACE = 'responses'

const LONGEST_NAMESPACE = 100
// eslint-disable-next-line no-control-regex -- not every database keeps control characters
const NO_NAME = /[\u0000-\u001f\u007f\p{Cs}]/u

// A lease is waited out with a margin, and setTimeout takes 2^31 - 1 at most: one that is set for
// longer fires at once.
const LONGEST = 2 ** 30

/** The options with their defaults. @throws OutboxError WEIR_OUTBOX_INVALID_OPTION */
export function resolveOptions ({
  db,
  invalidate,
  namespace = DEFAULT_NAMESPACE,
  pollInterval = 250,
  lease = 1000,
  invalidateTimeout = 500,
  ...others
}: OutboxOptions) {
  refuseUnknown(others)
  if (typeof invalidate !== 'function') throw invalid('invalidate', invalidate, 'give a function')
  checkNamespace('namespace', namespace)
  for (const [name, ms] of Object.entries({ pollInterval, lease, invalidateTimeout })) {
    if (!(Number.isFinite(ms) && ms > 0 && ms <= LONGEST)) {
      throw invalid(name, ms, `give milliseconds, from 1 to ${LONGEST}`)
    }
  }
  if (pollInterval >= lease) {
    throw invalid(
      'pollInterval',
      pollInterval,
      `it has to be shorter than the lease (${lease} ms), or the cache is never trusted for long`
    )
  }
  return { db, invalidate, namespace, pollInterval, lease, invalidateTimeout }
}

/** @throws OutboxError WEIR_OUTBOX_INVALID_OPTION */
export function checkNamespace (option: string, name: unknown): void {
  if (
    typeof name === 'string' &&
    name !== '' &&
    name.length <= LONGEST_NAMESPACE &&
    !NO_NAME.test(name)
  ) { return }
  throw invalid(
    option,
    name,
    `give a name of 1 to ${LONGEST_NAMESPACE} characters, without control characters`
  )
}

/** @param others options that are left when all that there are have been taken */
export function refuseUnknown (others: object): void {
  const [unknown] = Object.entries(others)
  if (unknown !== undefined) throw invalid(unknown[0], unknown[1], 'there is no such option')
}

/** @throws OutboxError WEIR_OUTBOX_INVALID_OPTION */
export function demandMethods (
  option: string,
  value: unknown,
  methods: readonly string[],
  maker: string
): void {
  const has = (method: string) =>
    typeof value === 'object' && value !== null && typeof Reflect.get(value, method) === 'function'
  if (!methods.every(has)) throw invalid(option, value, `give what ${maker} makes`)
}

/** Makes the error of an option that cannot be taken. */
export const invalid = (name: string, value: unknown, advice: string) =>
  new OutboxError('WEIR_OUTBOX_INVALID_OPTION', `${name} ${shown(value)}: ${advice}`)
