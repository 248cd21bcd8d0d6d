import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { type Denial, denialsOf } from '@weir/redis'
import type { FastifyBaseLogger } from 'fastify'

// Clients of each `app.redis`, which share the permissions of its user.
const related = new WeakMap<object, Set<object>>()

/** Registers a client as one of an `app.redis`. */
export function relate (redis: object, client: object): void {
  related.set(redis, new Set([...related.get(redis) ?? [redis], client]))
}

const clientsOf = (redis: object): ReadonlySet<object> => related.get(redis) ?? new Set([redis])

/** Returns the denied commands of the user of `app.redis`, as far as they were tried. */
export const deniedTo = (redis: object): readonly Denial[] =>
  [...clientsOf(redis)].flatMap(denialsOf)

/**
 * Logs commands that Redis does not allow, one line each, with the rule to grant. A store continues
 * without them, as if Redis was unavailable.
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
