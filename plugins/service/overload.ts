import underPressure from '@fastify/under-pressure'
import type { FastifyInstance } from 'fastify'
import { WEIR_ERR_OVERLOADED } from '../errors.js'

// Milliseconds. The delay is measured once a second and counts until the next time: so long may what the boot has blocked be among it.
const SETTLES_WITHIN = 2000

export interface OverloadOptions {
  /** How late the event loop may be, in ms, before requests are answered 503; 0 never does. Default 1000. */
  maxEventLoopDelay?: number
}

/** Answers 503 while the event loop is late by more than that; not for what only the boot has blocked. */
export async function overload (app: FastifyInstance, { maxEventLoopDelay = 1000 }: OverloadOptions): Promise<void> {
  let settled = Infinity
  app.addHook('onReady', async () => { settled = performance.now() + SETTLES_WITHIN })
  await app.register(underPressure, {
    maxEventLoopDelay,
    pressureHandler: async (_request, reply) => {
      if (performance.now() < settled) return
      reply.header('retry-after', '5')
      throw new WEIR_ERR_OVERLOADED()
    }
  })
}
