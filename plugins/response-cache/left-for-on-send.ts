import type { FastifyReply, FastifyRequest } from 'fastify'

/**
 * Returns the reason if hooks before the handler have left something for onSend hooks to write,
 * which do not run on a hit: cookies of `@fastify/cookie`, or a session that has changed or is to
 * be prolonged; undefined otherwise.
 */
export function leftForOnSend (
  request: FastifyRequest,
  reply: FastifyReply
): 'SET_COOKIE' | 'SESSION' | undefined {
  if (hasPendingCookies(reply)) return 'SET_COOKIE'
  return hasPendingSession(request) ? 'SESSION' : undefined
}

/**
 * Like `leftForOnSend`, for routes that replay Set-Cookie: also reports a cookie that a hook has
 * already set. It belongs to this client, so it is neither stored with the handler's cookies nor
 * replaced by a stored one.
 */
export const cookiesOfHooks = (
  request: FastifyRequest,
  reply: FastifyReply
): ReturnType<typeof leftForOnSend> =>
  reply.getHeader('set-cookie') !== undefined ? 'SET_COOKIE' : leftForOnSend(request, reply)

/**
 * Returns whether `@fastify/cookie` has pending cookies, which it stores in a map under a symbol.
 */
function hasPendingCookies (reply: FastifyReply): boolean {
  if (!('setCookie' in reply)) return false
  const symbol = cookiesOf(reply)
  const cookies: unknown = symbol && Reflect.get(reply, symbol)
  return cookies instanceof Map && cookies.size > 0
}

let known: symbol | undefined

function cookiesOf (reply: FastifyReply): symbol | undefined {
  if (known !== undefined && Object.hasOwn(reply, known)) return known
  known = Object.getOwnPropertySymbols(reply).find(
    ({ description }) => description === 'fastify.reply.setCookies'
  )
  return known
}

/**
 * Returns whether a session has changed: sessions of `@fastify/secure-session` have `changed`,
 * those of `@fastify/session` `isModified()`.
 */
function hasPendingSession (request: FastifyRequest): boolean {
  const { session } = request as { session?: unknown }
  if (typeof session !== 'object' || session === null) return false
  if (Reflect.get(session, 'changed') === true) return true
  const isModified: unknown = Reflect.get(session, 'isModified')
  if (typeof isModified !== 'function') return false
  return (
    Reflect.apply(isModified, session, []) === true ||
    (request.headers.cookie !== undefined && isRolling(session))
  )
}

/**
 * Returns whether each response restarts the session's lifetime: the default, and the option is not
 * readable.
 */
function isRolling (session: object): boolean {
  const cookie: unknown = Reflect.get(session, 'cookie')
  return (
    typeof cookie === 'object' &&
    cookie !== null &&
    typeof Reflect.get(cookie, 'originalMaxAge') === 'number'
  )
}
