/** RFC 9110 15.1. */
export const heuristicallyCacheable: ReadonlySet<number> = new Set([
  200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 501
])

/**
 * Statuses whose caching requirements Weir implements (RFC 9111 3, 5.2.2.3): the final ones of RFC
 * 9110 15 that may be stored.
 */
export const understood: ReadonlySet<number> = new Set([
  ...heuristicallyCacheable,
  201,
  202,
  205,
  302,
  303,
  307,
  400,
  401,
  402,
  403,
  406,
  407,
  408,
  409,
  411,
  413,
  415,
  417,
  421,
  422,
  426,
  500,
  502,
  503,
  504,
  505
])

/**
 * Statuses that are never stored, whatever the response says. 304, 412 and 416 answer conditions
 * and ranges of a single request, which are not part of any key; 428, 429, 431 and 511 follow RFC
 * 6585 3 to 6.
 */
export const neverStored: ReadonlySet<number> = new Set([304, 412, 416, 428, 429, 431, 511])

/** Reports whether a status counts as an error for stale-if-error (RFC 5861 4). */
export const isServerFailure = (status: number) =>
  status === 500 || status === 502 || status === 503 || status === 504
