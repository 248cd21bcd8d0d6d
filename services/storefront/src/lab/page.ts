import { type FastifyReply, type FastifyRequest } from 'fastify'
import { type Static } from 'typebox'
import { Value } from 'typebox/value'
import { Page } from '../pages/page.js'
import { type Shop } from '../pages/shop.js'
import { LOADS, refusal, runPath, WAYS, type Way, WORKS, type Work } from './load.js'
import { RunSchema } from './schemas.js'

/** Run as the page shows it. */
interface Shown extends Partial<Static<typeof RunSchema>> {
  /** Milliseconds that the instance took to answer. */
  readonly ms: number
  /** True for a cached response: no handler ran. */
  readonly isHit: boolean
  /** Reason why there is no result. */
  readonly problem: string | undefined
}

type LabRequest = FastifyRequest<{ Querystring: { way?: Way, work: Work, forgotten?: string } }>

/** Sends the page of the lab, with the result of a run if requested: no script is needed. */
export async function labPage (
  shop: Shop, instance: string, request: LabRequest, reply: FastifyReply
): Promise<FastifyReply> {
  const { way, work, forgotten } = request.query
  const shown = way === undefined ? undefined : await run(request, reply, runPath(way, work))
  const page = new Page(shop, reply, undefined)
  const lists = { ways: WAYS, works: WORKS, loads: LOADS }
  return page.send(
    'lab',
    {
      title: 'Lab',
      own: 'lab',
      instance,
      ...lists,
      way,
      work,
      shown,
      forgotten,
      isOff: shop.env.CACHE === 'off'
    },
    reply.statusCode
  )
}

/**
 * Runs a way through its own route, including response cache and limit, for the client of the page.
 */
async function run (request: FastifyRequest, reply: FastifyReply, url: string): Promise<Shown> {
  const began = performance.now()
  const { statusCode, headers, body } = await request.server.inject({
    url, remoteAddress: request.ip, headers: { accept: 'application/json' }
  })
  const ms = performance.now() - began
  const result: unknown = JSON.parse(body)
  const isHit = / hit[;,]?/.test(String(headers['cache-status'] ?? ''))
  if (Value.Check(RunSchema, result)) return { ...result, ms, isHit, problem: undefined }
  reply.code(statusCode)
  if (headers['retry-after'] !== undefined) reply.header('retry-after', headers['retry-after'])
  const seconds = Number(headers['retry-after'] ?? NaN)
  return {
    ms,
    isHit,
    problem: refusal(statusCode, body, Number.isFinite(seconds) ? seconds : undefined)
  }
}
