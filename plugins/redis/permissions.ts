import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { type Denial, denialsOf } from '@weir/redis'
import type { FastifyBaseLogger } from 'fastify'

// The clients of each app.redis: what its user may not do, they may not.
const related = new WeakMap<object, Set<object>>()

/** Counts a client among those of an `app.redis`. */
export function relate (redis: object, client: object): void {
  related.set(redis, new Set([...related.get(redis) ?? [redis], client]))
}

const clientsOf = (redis: object): ReadonlySet<object> => related.get(redis) ?? new Set([redis])

/**
 * What Redis' access control list does not allow to the user of `app.redis`, as far as it was
 * tried.
 */
export const deniedTo = (redis: object): readonly Denial[] =>
  [...clientsOf(redis)].flatMap(denialsOf)

/**
 * Logs what Redis does not allow, one line for each command, with the rule to grant. A store goes
 * on without what it may not have, as if Redis was away.
 */
export function logDenials (
  redis: object,
  server: string,
  log: FastifyBaseLogger
): { stop(): void } {
  const denied = (message: unknown) => {
    if (!isDenial(message) || !clientsOf(redis).has(message.client)) return
    log.error({ redis: server, command: message.command, grant: message.grant }, message.message)
  }
  subscribe('weir:redis:denied', denied)
  return {
    stop () {
      unsubscribe('weir:redis:denied', denied)
    }
  }
}

const isDenial = (message: unknown): message is Denial =>
  typeof message === 'object' && message !== null && 'grant' in message
