import { type FastifyReply, type FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { type Render } from '../templates.js'
import { PAGE_POLICY } from './page.js'

const Problem = Type.Object({
  status: Type.Integer(),
  title: Type.String(),
  detail: Type.String(),
  requestId: Type.String()
})

/**
 * Returns the hook that renders a problem as a page for clients that prefer HTML, and leaves it
 * unchanged for others.
 */
export const problemPages =
  (render: Render) =>
    (
      request: FastifyRequest,
      reply: FastifyReply,
      payload: unknown,
      done: (error: Error | null, payload?: unknown) => void
    ): void => {
      if (
        reply.getHeader('content-type') !== 'application/problem+json' ||
      !Buffer.isBuffer(payload)
      ) { return done(null, payload) }
      reply.header('vary', 'accept').header('cache-control', 'no-store')
      const problem: unknown = JSON.parse(payload.toString())
      if (!/\btext\/html\b/.test(request.headers.accept ?? '') || !Value.Check(Problem, problem)) {
        return done(null, payload)
      }
      reply.type('text/html; charset=utf-8').header('content-security-policy', PAGE_POLICY)
      const { status, title, detail, requestId } = problem
      done(
        null,
        render('problem', {
          status,
          title,
          detail,
          requestId,
          silent: [],
          search: { q: '' },
          nav: true,
          box: '/shop/account/box',
          account: '/shop/account',
          panel: undefined
        })
      )
    }
