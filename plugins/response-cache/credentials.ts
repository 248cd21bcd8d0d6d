import type { FastifyRequest } from 'fastify'

/** Header fields that commonly identify a user. */
const COMMON = ['authorization', 'cookie', 'x-api-key'] as const

/**
 * Returns a function that finds the credentials of a request: the names of header fields, including
 * those that a hook has removed; `user` for `request.user`, which authentication sets in any way;
 * and `certificate` for a TLS client certificate. A response to a request with a credential is for
 * that user, unless the response or its route declares otherwise (RFC 9111, section 3.5).
 * @param names header fields that contain credentials, in lower case
 */
export function credentialsOf (
  names: readonly string[]
): (request: FastifyRequest) => readonly string[] {
  // One bit for each length, up to 31.
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
      // Most fields can be skipped by their length.
      if ((lengths & (1 << given.length)) === 0) continue
      const name = given.toLowerCase()
      // Removed fields are reported in capitals, because responses cannot vary by them.
      if (names.includes(name) && headers[name] === undefined) {
        found = [...found, name.toUpperCase()]
      }
    }
    if (hasUser(request)) found = [...found, 'user']
    return hasCertificate(request) ? [...found, 'certificate'] : found
  }
}

// Shared by most requests to cached routes.
const NONE: readonly string[] = []

/**
 * Returns the credential that prevents sharing a response: one by which responses do not vary, or
 * Authorization, for which RFC 9111 requires a response that is declared as shareable.
 * @param names header fields by which responses vary
 */
export const barring = (
  credentials: readonly string[],
  names: readonly string[]
): string | undefined =>
  credentials.find((name) => name === 'authorization' || !names.includes(name))

/**
 * Returns all header fields that contain credentials, in lower case.
 * @param more additional fields that the application reads
 */
export const credentialFields = (more: readonly string[]): readonly string[] =>
  [...new Set([...COMMON, ...more.map((name) => name.toLowerCase())])]

/** Returns the fields of a route with its own list, or the common ones. */
export const credentialFieldsOf = (
  ofRoute: readonly string[] | undefined,
  ofPlugin: readonly string[]
): readonly string[] =>
  ofRoute === undefined
    ? credentialFields(ofPlugin)
    : [...new Set(ofRoute.map((name) => name.toLowerCase()))]

/** Returns whether authentication has identified a user. */
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
