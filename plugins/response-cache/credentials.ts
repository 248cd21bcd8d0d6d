import type { FastifyRequest } from 'fastify'

/** Header fields that say who asks, wherever they are used. */
const COMMON = ['authorization', 'cookie', 'x-api-key'] as const

/**
 * Makes the function that finds what identifies a user in a request: the names of header fields,
 * also of those that a hook has removed since; `user` for `request.user`, which authentication sets
 * however it found out; and `certificate` for one of TLS. A response to a request with a credential
 * is for that user, unless it or its route says otherwise (RFC 9111, section 3.5).
 * @param names header fields that credentials are in, in lower case
 */
export function credentialsOf (
  names: readonly string[]
): (request: FastifyRequest) => readonly string[] {
  // A bit for each length, up to 31.
  const lengths = names.reduce((bits, { length }) => bits | (1 << length), 0)
  return (request) => {
    const {
      headers,
      raw: { rawHeaders }
    } = request
    let found = NONE
    for (const name of names) {
      if (headers[name] !== undefined) found = [...found, name]
    }
    for (let i = 0; i < rawHeaders.length; i += 2) {
      const given = rawHeaders[i] ?? ''
      // Most are nothing to look at.
      if ((lengths & (1 << given.length)) === 0) continue
      const name = given.toLowerCase()
      // Capitals, because responses cannot be told apart by what is not there any more.
      if (names.includes(name) && headers[name] === undefined) {
        found = [...found, name.toUpperCase()]
      }
    }
    if (hasUser(request)) found = [...found, 'user']
    return hasCertificate(request) ? [...found, 'certificate'] : found
  }
}

// Most requests to what is cached.
const NONE: readonly string[] = []

/**
 * The credential that keeps a response from being shared: one by which responses are not told
 * apart, or Authorization, which RFC 9111 knows no other way around than that the response says it
 * is for everybody.
 * @param names header fields by which responses are told apart
 */
export const barring = (
  credentials: readonly string[],
  names: readonly string[]
): string | undefined =>
  credentials.find((name) => name === 'authorization' || !names.includes(name))

/**
 * All header fields that credentials are in, in lower case.
 * @param more those in which the application looks, besides the common ones
 */
export const credentialFields = (more: readonly string[]): readonly string[] =>
  [...new Set([...COMMON, ...more.map((name) => name.toLowerCase())])]

/** Those of a route that has a list of its own, and of any other. */
export const credentialFieldsOf = (
  ofRoute: readonly string[] | undefined,
  ofPlugin: readonly string[]
): readonly string[] =>
  ofRoute === undefined
    ? credentialFields(ofPlugin)
    : [...new Set(ofRoute.map((name) => name.toLowerCase()))]

/** Whether authentication has found out who is asking. */
export function hasUser (request: FastifyRequest): boolean {
  const { user } = request as { user?: unknown }
  return user !== undefined && user !== null && user !== false
}

function hasCertificate ({ server: { server }, socket }: FastifyRequest): boolean {
  if (!('requestCert' in server) || server.requestCert !== true) return false
  const find: unknown = Reflect.get(socket, 'getPeerCertificate')
  const certificate: unknown = typeof find === 'function' && Reflect.apply(find, socket, [])
  return (
    typeof certificate === 'object' && certificate !== null && Object.keys(certificate).length > 0
  )
}
