import type { FastifyInstance } from 'fastify'
import { within } from '@weir/internal'
import { Type } from 'typebox'
import { deniedTo } from '../redis/permissions.js'
import { NoQuery } from './no-query.js'
import type {} from './overload.js'

/**
 * Milliseconds after which a check without a result has failed: readiness must be answered quickly.
 */
const checkTimeout = 500

export interface HealthOptions {
  name: string
  version: string
  /**
   * Checks on which the service depends. A check fails by returning false, by throwing, or by
   * taking more than 500 ms.
   */
  checks?: Record<string, () => boolean | Promise<boolean>>
}

const Live = Type.Object({
  status: Type.Literal('ok'),
  service: Type.String(),
  version: Type.String()
})
const Ready = Type.Object({
  status: Type.Enum(['ready', 'not ready', 'closing']),
  checks: Type.Record(Type.String(), Type.Enum(['ok', 'degraded', 'failed']))
})

/**
 * Adds `/health/live`: the process answers. `/health/ready`: send requests here; 503 as soon as
 * draining or closing begins, or when a check fails. Redis is reported and not required: the
 * service works without it. It is `degraded` if it is available and its access control list does
 * not allow a command that was tried; the log has the rule to grant. Both answer under pressure
 * too, or an orchestrator would kill instances that are only busy.
 */
export function health (app: FastifyInstance, { name, version, checks = {} }: HealthOptions): void {
  // Traces of probes would outnumber those of clients.
  const config = { pressureHandler: () => {}, otel: false }
  app.get(
    '/health/live',
    {
      config,
      schema: {
        tags: ['health'],
        summary: 'Is the process alive?',
        querystring: NoQuery,
        response: { 200: Live }
      }
    },
    (_request, reply) => {
      reply.header('cache-control', 'no-store').send({ status: 'ok', service: name, version })
    }
  )

  app.get(
    '/health/ready',
    {
      config,
      schema: {
        tags: ['health'],
        summary: 'Should requests be sent here?',
        querystring: NoQuery,
        response: { 200: Ready, 503: Ready }
      }
    },
    async (_request, reply) => {
      const required = await Promise.all(
        Object.entries(checks).map(async ([check, run]) => [check, await passes(run)] as const)
      )
      const load = ['load', !app.isUnderPressure()] as const
      const ready = !app.isClosing() && [...required, load].every(([, ok]) => ok)
      const results = [...required, load].map(([check, ok]): [string, State] => [
        check,
        ok ? 'ok' : 'failed'
      ])
      if (app.hasDecorator('redis')) results.push(['redis', redisState(app)])
      return reply
        .code(ready ? 200 : 503)
        .header('cache-control', 'no-store')
        .send({
          status: app.isClosing() ? 'closing' : ready ? 'ready' : 'not ready',
          checks: Object.fromEntries(results)
        })
    }
  )
}

type State = 'ok' | 'degraded' | 'failed'

function redisState ({ redis }: FastifyInstance): State {
  if (redis.status !== 'ready') return 'failed'
  return deniedTo(redis).length > 0 ? 'degraded' : 'ok'
}

async function passes (run: () => boolean | Promise<boolean>): Promise<boolean> {
  try {
    return await within(checkTimeout, Promise.resolve(run()), () => new Error('late'))
  } catch {
    return false
  }
}
