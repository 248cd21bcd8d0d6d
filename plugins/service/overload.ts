import { EventLoopDelay } from '@weir/internal'
import type { FastifyInstance } from 'fastify'
import { WEIR_ERR_OVERLOADED } from '../errors.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /**
     * Handler of @fastify/under-pressure: called in place of a 503 while the service is overloaded.
     */
    pressureHandler?: (() => void) | undefined
  }
  interface FastifyInstance {
    /** Returns whether the event loop is delayed by more than `maxEventLoopDelay`. */
    isUnderPressure (): boolean
  }
}

// Milliseconds between two measurements of the delay, each the mean since the previous one.
const LOOK_EVERY = 1000
// Milliseconds after which measurements no longer include a block caused by the boot: each applies
// until the next.
const SETTLES_WITHIN = 2 * LOOK_EVERY

export interface OverloadOptions {
  /**
   * Delay of the event loop, in ms, from which requests are answered 503; 0 disables the check.
   * Default 1000.
   */
  maxEventLoopDelay?: number
}

/**
 * Answers 503 while the event loop is delayed by more than the limit; a block caused by the boot
 * does not count.
 */
export function overload (
  app: FastifyInstance,
  { maxEventLoopDelay = 1000 }: OverloadOptions
): void {
  let isLate = false
  app.decorate('isUnderPressure', () => isLate)
  if (maxEventLoopDelay === 0) return

  let settled = Infinity
  const delay = new EventLoopDelay()
  const look = setInterval(() => {
    isLate = delay.mean > maxEventLoopDelay
    delay.reset()
  }, LOOK_EVERY).unref()
  app.addHook('onReady', async () => {
    settled = performance.now() + SETTLES_WITHIN
  })
  app.addHook('onClose', async () => {
    clearInterval(look)
    delay.close()
  })
  app.addHook('onRequest', (request, reply, done) => {
    if (!isLate) return done()
    const { pressureHandler } = request.routeOptions.config
    if (pressureHandler !== undefined) {
      pressureHandler()
      return done()
    }
    if (performance.now() < settled) return done()
    reply.header('retry-after', '5')
    done(new WEIR_ERR_OVERLOADED())
  })
}
