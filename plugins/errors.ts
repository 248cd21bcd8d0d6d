import { createError } from '@fastify/error'
import { expected } from './refusals.js'

// All errors that the plugins raise by name. Each message includes the remedy; callers fill in %s.

/* service */

/** Invalid environment: raised by `loadEnv` before anything starts. */
export const WEIR_ERR_ENV = createError<'WEIR_ERR_ENV', [problems: string]>(
  'WEIR_ERR_ENV',
  'The environment is invalid: %s',
  500
)

/** Tracing has an endpoint, but OpenTelemetry's packages, which are optional, are not installed. */
export const WEIR_ERR_TELEMETRY_PACKAGES = createError<
  'WEIR_ERR_TELEMETRY_PACKAGES',
  [cause: string]
>(
  'WEIR_ERR_TELEMETRY_PACKAGES',
  'Tracing needs packages that are not installed (%s): run npm install @fastify/otel ' +
  '@opentelemetry/api @opentelemetry/context-async-hooks @opentelemetry/core ' +
  '@opentelemetry/exporter-trace-otlp-http @opentelemetry/resources ' +
  '@opentelemetry/sdk-trace-base, or unset the endpoint',
  500
)

/** No route has this method and path. */
export const WEIR_ERR_ROUTE_NOT_FOUND = createError<
  'WEIR_ERR_ROUTE_NOT_FOUND',
  404,
  [method: string, path: string]
>('WEIR_ERR_ROUTE_NOT_FOUND', '%s %s does not exist: the OpenAPI description lists the routes', 404)

/**
 * The path exists, but does not support this method (RFC 9110 15.5.6). Allow lists the supported
 * ones.
 */
export const WEIR_ERR_METHOD_NOT_ALLOWED = createError<
  'WEIR_ERR_METHOD_NOT_ALLOWED',
  405,
  [method: string, path: string, allowed: string]
>('WEIR_ERR_METHOD_NOT_ALLOWED', '%s %s is not supported: use %s', 405)

/** No path of the service supports this method (RFC 9110 9.1). */
export const WEIR_ERR_METHOD_NOT_IMPLEMENTED = createError<
  'WEIR_ERR_METHOD_NOT_IMPLEMENTED',
  501,
  [method: string]
>(
  'WEIR_ERR_METHOD_NOT_IMPLEMENTED',
  'No route supports the method %s: the OpenAPI description lists the routes',
  501
)

/** The Host field is missing or repeated (RFC 9112 3.2). */
export const WEIR_ERR_HOST = createError<'WEIR_ERR_HOST', 400, [count: string]>(
  'WEIR_ERR_HOST', 'The request has %s Host field: send one', 400)

/** The Expect field has a value other than 100-continue (RFC 9110 10.1.1). */
export const WEIR_ERR_EXPECTATION = createError<'WEIR_ERR_EXPECTATION', 417, [expectation: string]>(
  'WEIR_ERR_EXPECTATION',
  'Expect: %s cannot be met: send 100-continue, or leave the field out',
  417
)

/** The service does not support this version of HTTP (RFC 9110 15.6.6). */
export const WEIR_ERR_HTTP_VERSION = createError<'WEIR_ERR_HTTP_VERSION', 505, [version: string]>(
  'WEIR_ERR_HTTP_VERSION', 'HTTP/%s is not supported on this connection: use HTTP/1.1', 505)

/** The service cannot decode this transfer coding (RFC 9112 6.1). */
export const WEIR_ERR_CODING_NOT_IMPLEMENTED = createError<
  'WEIR_ERR_CODING_NOT_IMPLEMENTED',
  501,
  [coding: string]
>(
  'WEIR_ERR_CODING_NOT_IMPLEMENTED',
  'Transfer-Encoding: %s cannot be decoded: use chunked',
  501
)

/** A body has a Content-Encoding, which the service does not decode (RFC 9110 8.4). */
export const WEIR_ERR_CONTENT_CODING = createError<
  'WEIR_ERR_CONTENT_CODING',
  415,
  [coding: string]
>(
  'WEIR_ERR_CONTENT_CODING',
  'A body with Content-Encoding: %s cannot be read: send it without an encoding',
  415
)

/** A JSON body has a charset other than UTF-8 (RFC 8259 8.1). */
export const WEIR_ERR_CHARSET = createError<'WEIR_ERR_CHARSET', 415, [charset: string]>(
  'WEIR_ERR_CHARSET',
  'A body with charset=%s cannot be read: send JSON in UTF-8, without a charset',
  415
)

/** A JSON body is not well-formed Unicode. */
export const WEIR_ERR_JSON_TEXT = createError<'WEIR_ERR_JSON_TEXT', 400, [problem: string]>(
  'WEIR_ERR_JSON_TEXT', 'The body is not well-formed text: %s', 400)

/** A required body is missing. */
export const WEIR_ERR_NO_BODY = createError<'WEIR_ERR_NO_BODY', 400, [type: string]>(
  'WEIR_ERR_NO_BODY', 'The body is missing: send one as %s', 400)

/** A merge patch was sent with a method other than PATCH (RFC 7396). */
export const WEIR_ERR_MERGE_PATCH = createError<'WEIR_ERR_MERGE_PATCH', 415, [method: string]>(
  'WEIR_ERR_MERGE_PATCH', 'A merge patch is for PATCH: send %s as application/json', 415)

/** The event loop is so far behind that new requests are rejected. */
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
 * The client accepts only a stored response, and no usable one exists (RFC 9111, section 5.2.1.7).
 */
export const WEIR_ERR_ONLY_IF_CACHED = expected(
  'info',
  createError(
    'WEIR_ERR_ONLY_IF_CACHED',
    'Cache-Control accepts only a stored response, and none is usable: send the request again ' +
    'without only-if-cached',
    504,
    Error,
    false
  )
)

/** The `url` option of weir-redis does not name a Redis server. */
export const WEIR_ERR_REDIS_URL = createError<'WEIR_ERR_REDIS_URL', [problem: string]>(
  'WEIR_ERR_REDIS_URL',
  'weir-redis: option "url" must look like redis://host:6379, ' +
  'rediss://user:password@host:6379/0, redis+sentinel://host:26379,host:26379/name, ' +
  'redis+cluster://host:7000,host:7001 or /path/to/redis.sock: %s',
  500
)

/** Another option of weir-redis is invalid. */
export const WEIR_ERR_REDIS_OPTION = createError<
  'WEIR_ERR_REDIS_OPTION',
  [name: string, expected: string]
>('WEIR_ERR_REDIS_OPTION', 'weir-redis: option "%s" must be %s', 500)

/* conditional */

/** An option of weir-conditional is invalid. */
export const WEIR_ERR_CONDITIONAL_OPTION = createError<
  'WEIR_ERR_CONDITIONAL_OPTION',
  [name: string, expected: string]
>('WEIR_ERR_CONDITIONAL_OPTION', 'weir-conditional: option "%s" must be %s', 500)

/** A precondition of the request does not hold (RFC 9110 15.5.13). */
export const WEIR_ERR_PRECONDITION_FAILED = createError(
  'WEIR_ERR_PRECONDITION_FAILED',
  'The resource does not meet the precondition of the request: GET it again and repeat the ' +
  'request with its current ETag',
  412
)

/* edge */

/** An invalidation of another region does not have the secret of this one. */
export const WEIR_ERR_EDGE_SECRET = expected(
  'warn',
  createError(
    'WEIR_ERR_EDGE_SECRET',
    'The request does not have the secret of this region: use its regionSecret in region()',
    403
  )
)

/** An invalidation of another region has no list of valid tags. */
export const WEIR_ERR_EDGE_TAGS = createError(
  'WEIR_ERR_EDGE_TAGS',
  'The request has no valid tags: send {"tags": […]}, up to 1,000 texts that are not empty',
  400
)

/** An invalidation of another region was not carried out here in full. */
export const WEIR_ERR_EDGE_INCOMPLETE = createError(
  'WEIR_ERR_EDGE_INCOMPLETE',
  'The cache or the edge of this region has not confirmed the invalidation: repeat it, and see ' +
  'the log of this region for the cause',
  503
)

/* response-cache and invalidation */

/** A handler requests from its own application the response that it is computing. */
export const WEIR_CACHE_REENTRANT_FILL = createError<
  'WEIR_CACHE_REENTRANT_FILL',
  508,
  [method: string, path: string]
>(
  'WEIR_CACHE_REENTRANT_FILL',
  '%s %s is answered by a handler that requests this same response, so it would wait for ' +
  'itself: compute the response without requesting it',
  508
)

/**
 * The scheme or authority of a request is invalid, so that it has no target URI (RFC 9110, 4.2).
 */
export const WEIR_ERR_AUTHORITY = createError<
  'WEIR_ERR_AUTHORITY',
  400,
  [part: string, given: string]
>(
  'WEIR_ERR_AUTHORITY',
  'The %s of the request is invalid, %j: send a host name or address, with or without a port',
  400
)

/** An option of a plugin is invalid. */
export const WEIR_ERR_PLUGIN_OPTION = createError<
  'WEIR_ERR_PLUGIN_OPTION',
  500,
  [plugin: string, name: string, problem: string]
>('WEIR_ERR_PLUGIN_OPTION', '%s: option "%s" %s', 500)

/** The `config` of a route is invalid: raised when the route is declared. */
export const WEIR_ERR_ROUTE_OPTION = createError<
  'WEIR_ERR_ROUTE_OPTION',
  500,
  [route: string, option: string, problem: string]
>('WEIR_ERR_ROUTE_OPTION', 'Route %s: config.%s %s', 500)

/** A plugin that an application can have only once was registered again. */
export const WEIR_ERR_REGISTERED_TWICE = createError<
  'WEIR_ERR_REGISTERED_TWICE',
  500,
  [plugin: string, why: string]
>('WEIR_ERR_REGISTERED_TWICE', '%s is registered twice: %s', 500)

/**
 * No plugin enforces a declaration of the route: the plugin is missing, in another context, or
 * registered later.
 */
export const WEIR_ERR_NOT_ENFORCED = createError<
  'WEIR_ERR_NOT_ENFORCED',
  500,
  [route: string, declaration: string, remedy: string]
>('WEIR_ERR_NOT_ENFORCED', 'Route %s: config.%s is not enforced: %s', 500)

/** The responses that a write changes could not be invalidated. The write itself is complete. */
export const WEIR_ERR_NOT_INVALIDATED = createError(
  'WEIR_ERR_NOT_INVALIDATED',
  'The change is saved, but the cache could not be reached, so older versions may still be ' +
  'served: send the request again',
  503
)

/** `reply.invalidate()` was called where it has no effect. */
export const WEIR_ERR_SAFE_METHOD = createError<
  'WEIR_ERR_SAFE_METHOD',
  500,
  [method: string, path: string]
>(
  'WEIR_ERR_SAFE_METHOD',
  'reply.invalidate() is for unsafe methods, not %s %s: call app.responseCache.invalidate() ' +
  'instead',
  500
)

/* fragments */

/** A fragment that cannot be stored or rendered as requested. */
export const WEIR_ERR_FRAGMENT = createError<
  'WEIR_ERR_FRAGMENT',
  500,
  [key: string, problem: string]
>('WEIR_ERR_FRAGMENT', 'Fragment %s: %s', 500)

/** A fragment was used after the head of its page was decided, and contradicts that head. */
export const WEIR_ERR_FRAGMENT_LATE = createError<
  'WEIR_ERR_FRAGMENT_LATE',
  500,
  [key: string, problem: string]
>('WEIR_ERR_FRAGMENT_LATE', 'Fragment %s is too late: %s', 500)

/* rate-limit */

/**
 * A budget is used up. The message names the policies that denied the request, and when to retry.
 */
export const WEIR_ERR_RATE_LIMITED = createError<'WEIR_ERR_RATE_LIMITED', 429, [message: string]>(
  'WEIR_ERR_RATE_LIMITED', '%s', 429, Error, false)

/** The limits of a route with `onFailure: 'closed'` cannot be read. */
export const WEIR_ERR_LIMITS_UNAVAILABLE = expected(
  'warn',
  createError(
    'WEIR_ERR_LIMITS_UNAVAILABLE',
    'The limits of this route are unavailable at the moment: try again after Retry-After seconds',
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

/** Plugins were registered in an order in which one of them would not work. */
export const WEIR_ERR_PLUGIN_ORDER = createError<
  'WEIR_ERR_PLUGIN_ORDER',
  500,
  [plugin: string, other: string, why: string]
>('WEIR_ERR_PLUGIN_ORDER', '%s must be registered before %s: %s', 500)

/* auth */

/** The route requires a role, and the request has no credentials. */
export const WEIR_ERR_UNAUTHENTICATED = createError<
  'WEIR_ERR_UNAUTHENTICATED',
  401,
  [role: string, how: string]
>('WEIR_ERR_UNAUTHENTICATED', 'This requires the role %s: send %s', 401)

/** The request's credentials are invalid. */
export const WEIR_ERR_INVALID_CREDENTIALS = createError<
  'WEIR_ERR_INVALID_CREDENTIALS',
  401,
  [problem: string]
>('WEIR_ERR_INVALID_CREDENTIALS', 'The credentials are not accepted: %s', 401)

/** The user is known but may not use the route. */
export const WEIR_ERR_FORBIDDEN = createError<
  'WEIR_ERR_FORBIDDEN',
  403,
  [needed: string, has: string]
>(
  'WEIR_ERR_FORBIDDEN',
  'This requires the role %s, and you have %s: request a token or key that has it',
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

/** `apiKeys` returned neither a stored key nor nothing: logged, and the client is answered 401. */
export const WEIR_ERR_API_KEY_LOOKUP = createError<'WEIR_ERR_API_KEY_LOOKUP', 500, [id: string]>(
  'WEIR_ERR_API_KEY_LOOKUP',
  'apiKeys(%j) did not return an API key: return { hash, user: { id, role } }, with the hash of ' +
  'createApiKey() in hex, or undefined',
  500
)

/* cache-admin */

/** A purge names no target, or more than one kind. */
export const WEIR_ERR_PURGE_TARGET = createError(
  'WEIR_ERR_PURGE_TARGET',
  'The body must have exactly one of tags, urls and all',
  400
)

/** The URL can have no stored response. */
export const WEIR_ERR_NOT_CACHED = createError<'WEIR_ERR_NOT_CACHED', 400, [url: string]>(
  'WEIR_ERR_NOT_CACHED',
  '%s is never answered from the cache: give the path and query of a cached route, as clients ' +
  'send them',
  400
)

/** The store was unreachable for a purge. */
export const WEIR_ERR_NOT_PURGED = createError<
  'WEIR_ERR_NOT_PURGED',
  503,
  [options: { cause: unknown }]
>(
  'WEIR_ERR_NOT_PURGED',
  'The cache could not be reached, so its responses may still be served: send the request again',
  503
)

/** The store cannot be read. */
export const WEIR_ERR_STORE_UNREADABLE = createError<
  'WEIR_ERR_STORE_UNREADABLE',
  503,
  [options: { cause: unknown }]
>(
  'WEIR_ERR_STORE_UNREADABLE',
  'The store is unavailable at the moment, so its entries are unknown: try again after ' +
  'Retry-After seconds',
  503
)

/* gateway */

/**
 * The origin could not be reached, or closed the connection before its response; the log has the
 * reason.
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
