import { type Duration, parseDuration } from '@weir/cache'
import { parseCacheControl } from '@weir/http'
import type { Fields } from './head.js'

/** Fields for caches beyond the fleet: `edge.fields` of `@weir/edge`. */
export interface ResponseEdge {
  readonly isByTarget: boolean
  stored (
    tags: readonly string[],
    seconds: number | undefined,
    response: { readonly target: string, readonly varies: boolean }
  ): Fields
  unstored (): Fields
}

/** Adds the fields of a route's responses for caches beyond the fleet. */
export interface RouteEdge {
  /** True if the fields depend on the request's target. */
  readonly isByTarget: boolean
  /**
   * Adds tags and lifetime to the fields of a response that this cache has stored, after those of
   * all hooks.
   * @param target path and query as the client sent them
   */
  add (fields: Fields, tags: readonly string[], target: string): void
  /** Forbids the edge to store a response that this cache has not stored. */
  forbid (fields: Fields): void
}

/**
 * Creates the fields of one route.
 * @param lifetime of the route; undefined: its responses have none at the edge
 */
export function routeEdge (edge: ResponseEdge, lifetime: Duration | undefined): RouteEdge {
  const seconds =
    lifetime === undefined ? undefined : Math.floor(parseDuration(lifetime, 'edge') / 1000)
  const forbid = (fields: Fields) => { Object.assign(fields, edge.unstored()) }
  return {
    forbid,
    isByTarget: edge.isByTarget,
    add (fields, tags, target) {
      if (isForOneClient(fields)) return forbid(fields)
      // A targeted field of the application is its own decision about CDNs.
      const isOwn = fields['cdn-cache-control'] !== undefined
      Object.assign(fields, edge.stored(tags, isOwn ? undefined : seconds, {
        target, varies: fields['vary'] !== undefined
      }))
    }
  }
}

function isForOneClient (fields: Fields): boolean {
  const { 'set-cookie': cookie, 'cache-control': control } = fields
  if (cookie !== undefined) return true
  const directives = parseCacheControl(control)
  return directives.has('private') || directives.has('no-store')
}
