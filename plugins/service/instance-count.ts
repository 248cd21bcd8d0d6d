import { resolve4 } from 'node:dns/promises'
import type { FastifyInstance } from 'fastify'

/** Milliseconds between lookups of the name: changes are noticed with this delay. */
const INTERVAL = 5000

export interface InstanceCountEnv {
  /** Number of instances, also assumed until the name has been looked up. */
  INSTANCES: number
  /** DNS name with one address per instance. */
  INSTANCES_DNS?: string
}

/**
 * Returns a function for the current number of instances of this service: INSTANCES, or if they
 * come and go, the number of IPv4 addresses of INSTANCES_DNS. While the name cannot be resolved,
 * the last number applies.
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
    // Late answers are not requested twice; the resolver gives up by itself.
    if (isAsking) return
    isAsking = true
    lookUp(name).then(({ length }) => {
      if (length > 0) count = length
    }, (error: unknown) => {
      app.log.debug({ err: error, name }, 'the name of the instances cannot be resolved')
    }).finally(() => { isAsking = false })
  }
  const timer = setInterval(look, INTERVAL).unref()
  app.addHook('onReady', async () => { look() })
  app.addHook('onClose', async () => { clearInterval(timer) })
  return () => count
}
