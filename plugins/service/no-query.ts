import { Type } from 'typebox'

/**
 * The query of a route that has none. Parameters that are sent all the same are ignored, as
 * everywhere: they reach no handler and are not part of what a cached response is found by, so that
 * `?utm_source=x` is a hit.
 *
 * @example app.get('/items/:id', { schema: { params: ItemId, querystring: NoQuery } }, readItem)
 */
export const NoQuery = Type.Object({})
