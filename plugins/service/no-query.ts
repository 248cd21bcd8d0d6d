import { Type } from 'typebox'

/**
 * Query schema of a route without a query. Sent parameters are ignored, as everywhere: they reach
 * no handler and are not part of a cached response's key, so that `?utm_source=x` is a hit.
 *
 * @example app.get('/items/:id', { schema: { params: ItemId, querystring: NoQuery } }, readItem)
 */
export const NoQuery = Type.Object({})
