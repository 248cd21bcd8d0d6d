// Statuses by which a handler refuses a client, whatever identifies it.
const REFUSALS = new Set([401, 402, 403, 407, 451])
const REDIRECTS = new Set([302, 303, 307])
const SIGN_IN = /log-?_?in|log-?_?on|sign-?_?in|auth|sso|account|session/i
// Statuses that are not stored, but are compared with other responses for the URL. Errors of the
// server, limits and ranges say nothing about the client.
const COMPARED = new Set([204, 404, 410, ...REFUSALS, ...REDIRECTS])
// Statuses whose responses are stored by `ttl`.
const STORED = new Set([200, 203, 301, 308])

export const isStored = (status: number): boolean => STORED.has(status)

/**
 * Returns whether a response refuses its client. A cache would give the others' response to it.
 * @param location returns the value of Location
 */
export const isRefusal = (status: number, location: () => string | undefined): boolean =>
  REFUSALS.has(status) || (REDIRECTS.has(status) && SIGN_IN.test(location() ?? ''))

/**
 * Returns a number that stands for the body of a response that is not stored; undefined if it is
 * not to be compared. Hashes of bodies are never negative.
 */
export const comparable = (status: number): number | undefined =>
  COMPARED.has(status) ? -status : undefined
