import type { FastifyInstance } from 'fastify'
import { cpuMicros, serveBenchmark } from './child.js'

/** Listens on a free port; reports its CPU time and the figures of `counts` to the benchmark. */
export async function listen (
  app: FastifyInstance,
  counts: () => { fills: number; asked?: number }
): Promise<void> {
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  serveBenchmark({ url }, () => ({ cpuMicros: cpuMicros(), ...counts() }))
}
