import { hash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import type { Head } from '../response-cache/head.js'
import { Parts } from './parts.js'

/** The fragments of a request's page. */
export const PAGE = Symbol('weir.page')

/** Validator of the route, and its value derived from the page's fragments. */
export interface Followed {
  readonly own: string
  readonly sent: string | undefined
  /** State of the fragments from which it was derived. */
  readonly by?: string | number | undefined
}

/** Page of a request, as the sum of its fragments. */
export class Page extends Parts {
  /** HTML of each fragment, in the order in which they were returned. */
  readonly texts: string[] = []
  /**
   * Head with which the page is sent, once it is decided: fragments used later cannot change it.
   */
  head: Head | undefined
  /** Validators by field name, because a head may follow the fragments more than once. */
  readonly validators = new Map<string, Followed>()

  /**
   * HTML of the last fragment given to the handler: a handler that returns it answers with HTML.
   */
  get html (): string | undefined {
    return this.texts.at(-1)
  }

  /** Number of fragments included in the entity tag computed from the body. */
  seenByTag = 0

  #digest: { readonly of: string, readonly value: string } | undefined

  /**
   * Distinguishes pages that have the same entity tag but different fragments; undefined if all are
   * included in the tag.
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

/** Returns the page of a request; undefined if it has used no fragments. */
export function pageOf (request: FastifyRequest): Page | undefined {
  const page = request[PAGE] ?? undefined
  return page === undefined || page.list.length === 0 ? undefined : page
}

/** Returns the page of a request, created for its first fragment. */
export const ownPageOf = (request: FastifyRequest): Page => (request[PAGE] ??= new Page())
