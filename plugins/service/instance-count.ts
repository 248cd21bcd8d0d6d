import { resolve4 } from 'node:dns/promises'
import type { FastifyInstance } from 'fastify'

/**
 * How often the name is looked up, in ms: so long an instance goes on as if there were as many as
 * before.
 */
const INTERVAL = 5000

export interface InstanceCountEnv {
  /** How many there are, or are taken to be until the name has been looked up. */
  INSTANCES: number
  /** A name that the DNS has one address for, for each instance. */
  INSTANCES_DNS?: string
}

/**
 * How many instances of this service there are, now: INSTANCES, or where they come and go, as many
 * as INSTANCES_DNS has IPv4 addresses. While nobody answers for that name it is what it was last.
 *
 * @example await app.register(rateLimit, { store, instances: instanceCount(app, env) })
 */
export function instanceCount (
  app: FastifyInstance,
  { INSTANCES, INSTANCES_DNS: name }: InstanceCountEnv,
  lookUp: (name: string) => Promise<string[]> = resolve4
): () => number {
  let count = INSTANCES
  if (name === undefined) return () => count
  let isAsking = false
  const look = () => {
    // An answer that is late is not asked for twice; the resolver gives up by itself.
    if (isAsking) return
    isAsking = true
    lookUp(name).then(({ length }) => {
      if (length > 0) count = length
    }, (error: unknown) => {
      app.log.debug({ err: error, name }, 'nobody answers for the name of the instances')
    }).finally(() => { isAsking = false })
  }
  const timer = setInterval(look, INTERVAL).unref()
  app.addHook('onReady', async () => { look() })
  app.addHook('onClose', async () => { clearInterval(timer) })
  return () => count
}
