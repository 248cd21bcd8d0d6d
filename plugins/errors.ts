import { createError } from '@fastify/error'
import { expected } from './refusals.js'

// Every error that the plugins raise by name. The message says what to do; %s are filled in by the
// caller.

/* service */

/** The environment cannot be used: raised by `loadEnv` before anything starts. */
export const WEIR_ERR_ENV = createError<'WEIR_ERR_ENV', [problems: string]>(
  'WEIR_ERR_ENV',
  'The environment is not usable: %s',
  500
)

/** No route has this method and path. */
export const WEIR_ERR_ROUTE_NOT_FOUND = createError<
  'WEIR_ERR_ROUTE_NOT_FOUND',
  404,
  [method: string, path: string]
>('WEIR_ERR_ROUTE_NOT_FOUND', 'There is no %s %s here: check the path, the OpenAPI description lists all routes', 404)

/**
 * The path is there, but not for this method (RFC 9110 15.5.6). The Allow field has the methods
 * that are.
 */
export const WEIR_ERR_METHOD_NOT_ALLOWED = createError<
  'WEIR_ERR_METHOD_NOT_ALLOWED',
  405,
  [method: string, path: string, allowed: string]
>('WEIR_ERR_METHOD_NOT_ALLOWED', 'There is no %s %s: use %s', 405)

/** No path of the service has this method (RFC 9110 9.1). */
export const WEIR_ERR_METHOD_NOT_IMPLEMENTED = createError<
  'WEIR_ERR_METHOD_NOT_IMPLEMENTED',
  501,
  [method: string]
>(
  'WEIR_ERR_METHOD_NOT_IMPLEMENTED',
  'Nothing here has the method %s: the OpenAPI description lists the methods of all routes',
  501
)

/** The Host field is missing, or there are several (RFC 9112 3.2). */
export const WEIR_ERR_HOST = createError<'WEIR_ERR_HOST', 400, [count: string]>(
  'WEIR_ERR_HOST', 'The request has %s Host field: send one', 400)

/** The Expect field asks for something else than 100-continue (RFC 9110 10.1.1). */
export const WEIR_ERR_EXPECTATION = createError<'WEIR_ERR_EXPECTATION', 417, [expectation: string]>(
  'WEIR_ERR_EXPECTATION',
  'Expect: %s cannot be met: send 100-continue, or leave the field out',
  417
)

/** The version of HTTP is none that the service speaks (RFC 9110 15.6.6). */
export const WEIR_ERR_HTTP_VERSION = createError<'WEIR_ERR_HTTP_VERSION', 505, [version: string]>(
  'WEIR_ERR_HTTP_VERSION', 'HTTP/%s is not spoken on this connection: use HTTP/1.1', 505)

/** A transfer coding is none that the service decodes (RFC 9112 6.1). */
export const WEIR_ERR_CODING_NOT_IMPLEMENTED = createError<
  'WEIR_ERR_CODING_NOT_IMPLEMENTED',
  501,
  [coding: string]
>(
  'WEIR_ERR_CODING_NOT_IMPLEMENTED',
  'Transfer-Encoding: %s cannot be decoded: the only one is chunked',
  501
)

/** A body has a Content-Encoding, and none is decoded (RFC 9110 8.4). */
export const WEIR_ERR_CONTENT_CODING = createError<
  'WEIR_ERR_CONTENT_CODING',
  415,
  [coding: string]
>(
  'WEIR_ERR_CONTENT_CODING',
  'A body with Content-Encoding: %s cannot be read: send it as it is',
  415
)

/** A JSON body is in another charset than UTF-8 (RFC 8259 8.1). */
export const WEIR_ERR_CHARSET = createError<'WEIR_ERR_CHARSET', 415, [charset: string]>(
  'WEIR_ERR_CHARSET',
  'A body with charset=%s cannot be read: send JSON in UTF-8, without a charset',
  415
)

/** A JSON body is no well-formed Unicode. */
export const WEIR_ERR_JSON_TEXT = createError<'WEIR_ERR_JSON_TEXT', 400, [problem: string]>(
  'WEIR_ERR_JSON_TEXT', 'The body is not well-formed text: %s', 400)

/** A body that is taken by its type is not there at all. */
export const WEIR_ERR_NO_BODY = createError<'WEIR_ERR_NO_BODY', 400, [type: string]>(
  'WEIR_ERR_NO_BODY', 'The body is missing: send one as %s', 400)

/** A merge patch changes what is there, which only PATCH does (RFC 7396). */
export const WEIR_ERR_MERGE_PATCH = createError<'WEIR_ERR_MERGE_PATCH', 415, [method: string]>(
  'WEIR_ERR_MERGE_PATCH', 'A merge patch is for PATCH: send %s as application/json', 415)

/** The event loop is so late that new work is turned away. */
export const WEIR_ERR_OVERLOADED = expected(
  'warn',
  createError(
    'WEIR_ERR_OVERLOADED',
    'The service is overloaded: try again after Retry-After seconds',
    503,
    Error,
    false
  )
)

/* redis */

/**
 * The client wants a stored response and nothing else, and there is none that will do (RFC 9111,
 * section 5.2.1.7).
 */
export const WEIR_ERR_ONLY_IF_CACHED = expected(
  'info',
  createError(
    'WEIR_ERR_ONLY_IF_CACHED',
    'Cache-Control asks for a stored response only, and none may be used: ask again without only-if-cached',
    504,
    Error,
    false
  )
)

/** The `url` option of weir-redis does not name a Redis server. */
export const WEIR_ERR_REDIS_URL = createError<'WEIR_ERR_REDIS_URL', [problem: string]>(
  'WEIR_ERR_REDIS_URL',
  'weir-redis: option "url" must look like redis://host:6379, rediss://user:password@host:6379/0, redis+sentinel://host:26379,host:26379/name, redis+cluster://host:7000,host:7001 or /path/to/redis.sock: %s',
  500
)

/** Another option of weir-redis cannot be used. */
export const WEIR_ERR_REDIS_OPTION = createError<
  'WEIR_ERR_REDIS_OPTION',
  [name: string, expected: string]
>('WEIR_ERR_REDIS_OPTION', 'weir-redis: option "%s" must be %s', 500)

/* conditional */

/** An option of weir-conditional cannot be used. */
export const WEIR_ERR_CONDITIONAL_OPTION = createError<
  'WEIR_ERR_CONDITIONAL_OPTION',
  [name: string, expected: string]
>('WEIR_ERR_CONDITIONAL_OPTION', 'weir-conditional: option "%s" must be %s', 500)

/** A precondition of the request does not hold (RFC 9110 15.5.13). */
export const WEIR_ERR_PRECONDITION_FAILED = createError(
  'WEIR_ERR_PRECONDITION_FAILED',
  'The resource is not in the state that the request asks for: GET it again and repeat the request with its current ETag',
  412
)

/* response-cache and invalidation */

/** A handler asks its own application for the response that it is computing. */
export const WEIR_CACHE_REENTRANT_FILL = createError<
  'WEIR_CACHE_REENTRANT_FILL',
  508,
  [method: string, path: string]
>(
  'WEIR_CACHE_REENTRANT_FILL',
  '%s %s is answered by a handler that asks for this same response, so it would wait for itself: compute it without asking for it',
  508
)

/**
 * Scheme or authority of a request is none, so that no URI is known that it is for (RFC 9110, 4.2).
 */
export const WEIR_ERR_AUTHORITY = createError<
  'WEIR_ERR_AUTHORITY',
  400,
  [part: string, given: string]
>(
  'WEIR_ERR_AUTHORITY',
  'The %s of the request cannot be used, %j: send a host name or address, with a port or without',
  400
)

/** An option of a plugin cannot be used. */
export const WEIR_ERR_PLUGIN_OPTION = createError<
  'WEIR_ERR_PLUGIN_OPTION',
  500,
  [plugin: string, name: string, problem: string]
>('WEIR_ERR_PLUGIN_OPTION', '%s: option "%s" %s', 500)

/** The `config` of a route cannot be used: raised when the route is declared. */
export const WEIR_ERR_ROUTE_OPTION = createError<
  'WEIR_ERR_ROUTE_OPTION',
  500,
  [route: string, option: string, problem: string]
>('WEIR_ERR_ROUTE_OPTION', 'Route %s: config.%s %s', 500)

/** A plugin of which there can be one only was registered again. */
export const WEIR_ERR_REGISTERED_TWICE = createError<
  'WEIR_ERR_REGISTERED_TWICE',
  500,
  [plugin: string, why: string]
>('WEIR_ERR_REGISTERED_TWICE', '%s is registered twice: %s', 500)

/**
 * A route declares what no plugin enforces: the plugin is missing, elsewhere, or later than the
 * declaration.
 */
export const WEIR_ERR_NOT_ENFORCED = createError<
  'WEIR_ERR_NOT_ENFORCED',
  500,
  [route: string, declaration: string, remedy: string]
>('WEIR_ERR_NOT_ENFORCED', 'Route %s: config.%s is not enforced: %s', 500)

/** What a write invalidates could not be invalidated. The write itself is done. */
export const WEIR_ERR_NOT_INVALIDATED = createError(
  'WEIR_ERR_NOT_INVALIDATED',
  'The change is saved, but the cache could not be told, so older versions may still be served: send the request again',
  503
)

/** `reply.invalidate()` was called where nothing acts on it. */
export const WEIR_ERR_SAFE_METHOD = createError<
  'WEIR_ERR_SAFE_METHOD',
  500,
  [method: string, path: string]
>(
  'WEIR_ERR_SAFE_METHOD',
  'reply.invalidate() is for unsafe methods, not %s %s: call app.responseCache.invalidate() instead',
  500
)

/* fragments */

/** A fragment that cannot be kept or rendered as it was asked for. */
export const WEIR_ERR_FRAGMENT = createError<
  'WEIR_ERR_FRAGMENT',
  500,
  [key: string, problem: string]
>('WEIR_ERR_FRAGMENT', 'Fragment %s: %s', 500)

/**
 * A fragment that is used when the head of its page is decided, and that this head would be wrong
 * about.
 */
export const WEIR_ERR_FRAGMENT_LATE = createError<
  'WEIR_ERR_FRAGMENT_LATE',
  500,
  [key: string, problem: string]
>('WEIR_ERR_FRAGMENT_LATE', 'Fragment %s is too late: %s', 500)

/* rate-limit */

/** A budget is used up. The message names the policies that denied, and when to try again. */
export const WEIR_ERR_RATE_LIMITED = createError<'WEIR_ERR_RATE_LIMITED', 429, [message: string]>(
  'WEIR_ERR_RATE_LIMITED', '%s', 429, Error, false)

/** The limits of a route with `onFailure: 'closed'` cannot be looked up. */
export const WEIR_ERR_LIMITS_UNAVAILABLE = expected(
  'warn',
  createError(
    'WEIR_ERR_LIMITS_UNAVAILABLE',
    'The limits of this route cannot be looked up at the moment: try again after Retry-After seconds',
    503,
    Error,
    false
  )
)

/** The client's address is on the deny list. */
export const WEIR_ERR_ADDRESS_DENIED = createError(
  'WEIR_ERR_ADDRESS_DENIED',
  'Requests from your address are not accepted: ask the operator of this service',
  403,
  Error,
  false
)

/** Plugins were registered in an order in which one would not do what it is for. */
export const WEIR_ERR_PLUGIN_ORDER = createError<
  'WEIR_ERR_PLUGIN_ORDER',
  500,
  [plugin: string, other: string, why: string]
>('WEIR_ERR_PLUGIN_ORDER', '%s must be registered before %s: %s', 500)

/* auth */

/** The route has a role, and the request says nothing about who sends it. */
export const WEIR_ERR_UNAUTHENTICATED = createError<
  'WEIR_ERR_UNAUTHENTICATED',
  401,
  [role: string, how: string]
>('WEIR_ERR_UNAUTHENTICATED', 'This needs the role %s: send %s', 401)

/** What the request says about who sends it is not accepted. */
export const WEIR_ERR_INVALID_CREDENTIALS = createError<
  'WEIR_ERR_INVALID_CREDENTIALS',
  401,
  [problem: string]
>('WEIR_ERR_INVALID_CREDENTIALS', 'The credentials are not accepted: %s', 401)

/** Somebody known, who may not do this. */
export const WEIR_ERR_FORBIDDEN = createError<
  'WEIR_ERR_FORBIDDEN',
  403,
  [needed: string, has: string]
>(
  'WEIR_ERR_FORBIDDEN',
  'This needs the role %s, and you have %s: ask for a token or key that has it',
  403
)

/** API keys cannot be looked up. */
export const WEIR_ERR_AUTH_UNAVAILABLE = createError<
  'WEIR_ERR_AUTH_UNAVAILABLE',
  503,
  [options: { cause: unknown }]
>(
  'WEIR_ERR_AUTH_UNAVAILABLE',
  'API keys cannot be looked up at the moment: try again after Retry-After seconds',
  503
)

/**
 * `apiKeys` returned neither a stored key nor nothing: logged, while the client is answered 401.
 */
export const WEIR_ERR_API_KEY_LOOKUP = createError<'WEIR_ERR_API_KEY_LOOKUP', 500, [id: string]>(
  'WEIR_ERR_API_KEY_LOOKUP',
  'apiKeys(%j) returned no API key: let it return { hash, user: { id, role } }, with the hash of createApiKey() in hex, or undefined',
  500
)

/* cache-admin */

/** A purge that does not say what in one way. */
export const WEIR_ERR_PURGE_TARGET = createError(
  'WEIR_ERR_PURGE_TARGET',
  'The body must have exactly one of tags, urls and all',
  400
)

/** A URL that no stored response could be for. */
export const WEIR_ERR_NOT_CACHED = createError<'WEIR_ERR_NOT_CACHED', 400, [url: string]>(
  'WEIR_ERR_NOT_CACHED',
  '%s is not answered from the cache: give path and query of something that is, as clients send them',
  400
)

/** The store could not be told of a purge. */
export const WEIR_ERR_NOT_PURGED = createError<
  'WEIR_ERR_NOT_PURGED',
  503,
  [options: { cause: unknown }]
>(
  'WEIR_ERR_NOT_PURGED',
  'The cache could not be told, so what it has may still be served: send the request again',
  503
)

/** The store cannot say what it has. */
export const WEIR_ERR_STORE_UNREADABLE = createError<
  'WEIR_ERR_STORE_UNREADABLE',
  503,
  [options: { cause: unknown }]
>(
  'WEIR_ERR_STORE_UNREADABLE',
  'The store does not answer at the moment, so nothing can be said of what is kept: try again after Retry-After seconds',
  503
)

/* gateway */

/**
 * The origin could not be reached, or has ended the connection before its answer; the log says
 * which.
 */
export const WEIR_ERR_BAD_GATEWAY = createError(
  'WEIR_ERR_BAD_GATEWAY',
  'The origin does not answer: try again later',
  502
)

/** The origin took longer than `timeout`. */
export const WEIR_ERR_GATEWAY_TIMEOUT = createError(
  'WEIR_ERR_GATEWAY_TIMEOUT',
  'The origin did not answer in time: try again later',
  504
)
