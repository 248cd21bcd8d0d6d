import type { FastifyRequest } from 'fastify'
import { Parts } from './parts.js'

/** The fragments of a request's page. */
export const PAGE = Symbol('weir.page')

/** The page that is made for a request, as far as its fragments tell. */
export class Page extends Parts {
  /** The HTML that a handler was given last: one that returns it answers with HTML. */
  html: string | undefined
}

declare module 'fastify' {
  interface FastifyRequest {
    [PAGE]?: Page | null
  }
}

/** The fragments that were used for the request; undefined if there were none. */
export const pageOf = (request: FastifyRequest): Page | undefined => request[PAGE] ?? undefined

/** The page of a request, made for its first fragment. */
export const ownPageOf = (request: FastifyRequest): Page => (request[PAGE] ??= new Page())
