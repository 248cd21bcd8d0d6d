import { shown } from '@weir/internal'
import type { Kysely } from 'kysely'
import type { OutboxEdge } from './edge.js'
import { OutboxError } from './errors.js'
import type { OutboxNotifications } from './notices.js'
import type { OutboxSchema } from './table.js'

/** Options of `createOutbox`. Times are in milliseconds. */
export interface OutboxOptions {
  /**
   * The service's own database, migrated with `outboxMigration`.
   *
   * It must not be a read replica, because it has to see all commits. Use a connection that waits
   * for locks, if the database has them: a rejected delete delivers a row once more.
   */
  readonly db: Kysely<OutboxSchema>
  /** Resolves when no instance serves anything that carries one of the tags. */
  readonly invalidate: (tags: readonly string[]) => Promise<unknown>
  /**
   * Name of the cache that is invalidated, up to 100 characters.
   *
   * **The same for every instance, and different for every other cache** whose invalidations are in
   * the same database: an outbox sees only the rows of its own namespace. Default `responses`.
   */
  readonly namespace?: string
  /**
   * Makes other instances deliver the invalidations of a writer that dies within milliseconds,
   * rather than with their next read of the table: `openNotifications` of @weir/postgres.
   *
   * Every instance, and every program that writes invalidations, should have it: those without it
   * announce nothing. Default: none.
   */
  readonly notifications?: OutboxNotifications
  /** Time between reads of the table. Default 250. */
  readonly pollInterval?: number
  /**
   * Time for which the cache may be trusted after a read of the table. **The same for every
   * instance**: writers wait for it. Default 1000.
   */
  readonly lease?: number
  /** Time after which an unanswered invalidation counts as failed. Default 500. */
  readonly invalidateTimeout?: number
  /**
   * Returns the active span (W3C Trace Context), which is stored with each invalidation: its
   * delivery by another instance is linked to the write. Needs the column `traceparent`: list
   * `outboxMigration` once more, under a new name. Default: none is stored.
   */
  readonly traceparent?: () => string | undefined
  /**
   * Caches beyond the fleet that follow each invalidation: the result of `createEdge` of
   * `@weir/edge`. The same for every instance.
   */
  readonly edge?: OutboxEdge
}

/** The namespace of the response cache. */
export const DEFAULT_NAMESPACE = 'responses'

const LONGEST_NAMESPACE = 100
// eslint-disable-next-line no-control-regex -- not every database keeps control characters
const NO_NAME = /[\u0000-\u001f\u007f\p{Cs}]/u

// Waiting for a lease includes a margin, and setTimeout accepts at most 2^31 - 1: longer delays
// fire at once.
const LONGEST = 2 ** 30

/** Applies the defaults. @throws OutboxError WEIR_OUTBOX_INVALID_OPTION */
export function resolveOptions ({
  db,
  invalidate,
  namespace = DEFAULT_NAMESPACE,
  notifications,
  pollInterval = 250,
  lease = 1000,
  invalidateTimeout = 500,
  edge,
  traceparent,
  ...others
}: OutboxOptions) {
  refuseUnknown(others)
  if (typeof invalidate !== 'function') throw invalid('invalidate', invalidate, 'pass a function')
  checkNamespace('namespace', namespace)
  if (notifications !== undefined) {
    demandMethods('notifications', notifications, ['announce', 'listen'], 'openNotifications')
  }
  for (const [name, ms] of Object.entries({ pollInterval, lease, invalidateTimeout })) {
    if (!(Number.isFinite(ms) && ms > 0 && ms <= LONGEST)) {
      throw invalid(name, ms, `use milliseconds, from 1 to ${LONGEST}`)
    }
  }
  if (pollInterval >= lease) {
    throw invalid(
      'pollInterval',
      pollInterval,
      `it must be shorter than the lease (${lease} ms), or the cache is never trusted for long`
    )
  }
  if (edge !== undefined) demandMethods('edge', edge, ['attach', 'confirm'], 'createEdge()')
  if (traceparent !== undefined && typeof traceparent !== 'function') {
    throw invalid('traceparent', traceparent, 'pass a function')
  }
  return {
    db,
    invalidate,
    namespace,
    notifications,
    pollInterval,
    lease,
    invalidateTimeout,
    edge,
    traceparent
  }
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
    `use a name of 1 to ${LONGEST_NAMESPACE} characters, without control characters`
  )
}

/** @param others options that remain after all known ones have been removed */
export function refuseUnknown (others: object): void {
  const [unknown] = Object.entries(others)
  if (unknown !== undefined) throw invalid(unknown[0], unknown[1], 'unknown option')
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
  if (!methods.every(has)) throw invalid(option, value, `use the result of ${maker}`)
}

/** Creates the error of an invalid option. */
export const invalid = (name: string, value: unknown, advice: string) =>
  new OutboxError('WEIR_OUTBOX_INVALID_OPTION', `${name} ${shown(value)}: ${advice}`)
