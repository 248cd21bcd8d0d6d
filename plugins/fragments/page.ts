import { hash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import type { Head } from '../response-cache/head.js'
import { Parts } from './parts.js'

/** The fragments of a request's page. */
export const PAGE = Symbol('weir.page')

/** A validator of the route, and what it became because of the page's fragments. */
export interface Followed {
  readonly own: string
  readonly sent: string | undefined
  /** State of the fragments that it was made from. */
  readonly by?: string | number | undefined
}

/** The page that is made for a request, as far as its fragments tell. */
export class Page extends Parts {
  /** The HTML of each fragment, in the order in which they were given. */
  readonly texts: string[] = []
  /**
   * The head under which the page is sent, once that is decided: fragments used later cannot change
   * it.
   */
  head: Head | undefined
  /** Validators by field name: a head may follow the fragments more than once. */
  readonly validators = new Map<string, Followed>()

  /** The HTML that a handler was given last: one that returns it answers with HTML. */
  get html (): string | undefined {
    return this.texts.at(-1)
  }

  /** The number of fragments that an entity tag made of the body has seen. */
  seenByTag = 0

  #digest: { readonly of: string, readonly value: string } | undefined

  /**
   * Tells apart pages whose entity tag is the same, although their fragments are not; undefined:
   * there are none such.
   */
  get digest (): string | undefined {
    if (this.seenByTag >= this.texts.length) return undefined
    const of = `${this.seenByTag} ${this.texts.length}`
    if (this.#digest?.of !== of) {
      const unseen = this.texts.slice(this.seenByTag)
      this.#digest = { of, value: hash('sha256', JSON.stringify(unseen), 'base64url').slice(0, 16) }
    }
    return this.#digest.value
  }
}

declare module 'fastify' {
  interface FastifyRequest {
    [PAGE]?: Page | null
  }
}

/** The fragments that were used for the request; undefined if there were none. */
export function pageOf (request: FastifyRequest): Page | undefined {
  const page = request[PAGE] ?? undefined
  return page === undefined || page.list.length === 0 ? undefined : page
}

/** The page of a request, made for its first fragment. */
export const ownPageOf = (request: FastifyRequest): Page => (request[PAGE] ??= new Page())
