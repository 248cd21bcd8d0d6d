import createError from '@fastify/error'
import { expected } from '@weir/fastify/service'

// All named errors of the console. The message states the remedy; callers fill in %s.

/** An option of the plugin is invalid. Stops the boot. */
export const CONSOLE_ERR_OPTION = createError<
  'CONSOLE_ERR_OPTION',
  500,
  [option: string, problem: string]
>('CONSOLE_ERR_OPTION', 'Option "%s" of the console %s', 500, TypeError)

/** A standalone console received a request that only a service can answer. */
export const CONSOLE_ERR_NOT_SERVED = createError(
  'CONSOLE_ERR_NOT_SERVED',
  'This console serves no application: let services announce their address by the option ' +
    '"announce.publicUrl" of @weir/fastify/observability, and pages send requests there',
  404,
  Error,
  false
)

/** The client is not allowed to perform the action. */
export const CONSOLE_ERR_FORBIDDEN = createError<'CONSOLE_ERR_FORBIDDEN', 403, [action: string]>(
  'CONSOLE_ERR_FORBIDDEN',
  'You may not %s here: the option "authorize" of the console refuses it',
  403,
  Error,
  false
)

/** A page of another site sent a write. */
export const CONSOLE_ERR_OTHER_SITE = expected(
  'warn',
  createError<'CONSOLE_ERR_OTHER_SITE', 403, [source: string]>(
    'CONSOLE_ERR_OTHER_SITE',
    'This write comes from another site (%s): send it from the pages of this console. If it does, ' +
      'let your proxy pass the Host field on',
    403,
    Error,
    false
  )
)

/** The body of a write is not JSON. */
export const CONSOLE_ERR_NOT_JSON = expected('info', createError('CONSOLE_ERR_NOT_JSON',
  'Send the body as JSON, with Content-Type: application/json', 415, Error, false))

/** The console has no cache store. */
export const CONSOLE_ERR_NO_CACHE = expected('info', createError('CONSOLE_ERR_NO_CACHE',
  'Keys are not shown here: give the console the option "cache", the store of the caches to show',
  404, Error, false))

/** The store cannot list keys. */
export const CONSOLE_ERR_CANNOT_LIST = expected('info', createError('CONSOLE_ERR_CANNOT_LIST',
  'The store of the caches cannot list keys: stores in Redis, SQLite, Postgres and memory can',
  501, Error, false))

/** The request cannot be met by the store. */
export const CONSOLE_ERR_KEYS = createError<'CONSOLE_ERR_KEYS', 400, [problem: string]>(
  'CONSOLE_ERR_KEYS', '%s', 400, Error, false)

/** The store did not answer. */
export const CONSOLE_ERR_STORE = createError<'CONSOLE_ERR_STORE', 503, [problem: string]>(
  'CONSOLE_ERR_STORE', 'The store of the caches did not answer: %s. Try again', 503, Error, false)

/** The console has no journal. */
export const CONSOLE_ERR_NO_JOURNAL = expected('info', createError('CONSOLE_ERR_NO_JOURNAL',
  'There is no journal here: give the console the option "journal", and your services the plugin ' +
  '@weir/fastify/journal', 404, Error, false))

/** The store of the journal did not answer. */
export const CONSOLE_ERR_JOURNAL = createError<'CONSOLE_ERR_JOURNAL', 503, [problem: string]>(
  'CONSOLE_ERR_JOURNAL', 'The store of the journal did not answer: %s. Try again', 503, Error, false)

/** The entry does not exist. */
export const CONSOLE_ERR_NO_ENTRY = expected('info', createError('CONSOLE_ERR_NO_ENTRY',
  'The store has nothing under this key: it has expired, or was deleted or evicted', 404, Error,
  false))

/** The service has no edge. */
export const CONSOLE_ERR_NO_EDGE = expected('info', createError<
  'CONSOLE_ERR_NO_EDGE', 404, [service: string]
>('CONSOLE_ERR_NO_EDGE',
  'No live instance of %s reports an edge: it needs the plugin @weir/fastify/edge', 404, Error, false))

/** Instances cannot be asked. */
export const CONSOLE_ERR_NO_REQUESTS = expected('info', createError('CONSOLE_ERR_NO_REQUESTS',
  'The store of the metrics takes no requests to instances: those of @weir/metrics do', 501, Error,
  false))

/** The store of the metrics did not take a request to instances. */
export const CONSOLE_ERR_NOT_REQUESTED = createError('CONSOLE_ERR_NOT_REQUESTED',
  'The store of the metrics did not take the request: try again', 503, Error, false)

/** The maximum number of viewers is connected. */
export const STATS_ERR_TOO_MANY_VIEWERS = expected(
  'info',
  createError<'STATS_ERR_TOO_MANY_VIEWERS', 503, [most: number]>(
    'STATS_ERR_TOO_MANY_VIEWERS',
    '%s clients are watching, which is the limit: try again later, or poll the summary instead',
    503,
    Error,
    false
  )
)

/** The client has the maximum number of streams open. */
export const STATS_ERR_VIEWER_LIMIT = createError<'STATS_ERR_VIEWER_LIMIT', 429, [most: number]>(
  'STATS_ERR_VIEWER_LIMIT',
  'You are watching %s times, which is the limit of a client: close one, or poll the summary instead',
  429,
  Error,
  false
)

/** The service runs without its pages. */
export const STATS_ERR_NO_CONSOLE = expected(
  'warn',
  createError(
    'STATS_ERR_NO_CONSOLE',
    'The pages of the console have not been built: run "npm run build", then start again. Its API works',
    503,
    Error,
    false
  )
)

/** The service has no login link. */
export const STATS_ERR_LOGIN_OFF = expected('info', createError('STATS_ERR_LOGIN_OFF',
  'This console has no login link: paste a token instead', 404, Error, false))

/** The code does not match the login link. */
export const STATS_ERR_LOGIN_UNKNOWN = expected(
  'warn',
  createError(
    'STATS_ERR_LOGIN_UNKNOWN',
    'This login link is not valid: it belongs to another start, or is incomplete. Open the link that was printed last',
    403,
    Error,
    false
  )
)

/** The login link has been used. */
export const STATS_ERR_LOGIN_USED = expected(
  'warn',
  createError(
    'STATS_ERR_LOGIN_USED',
    'This login link has been used: it works once. Start again for a new link, or paste a token',
    410,
    Error,
    false
  )
)

/** The login link has expired. */
export const STATS_ERR_LOGIN_EXPIRED = expected(
  'info',
  createError(
    'STATS_ERR_LOGIN_EXPIRED',
    'This login link has expired. Start again for a new link, or paste a token',
    410,
    Error,
    false
  )
)

const UnusableRange = createError<'STATS_ERR_RANGE', 400, [text: string]>(
  'STATS_ERR_RANGE',
  '%s',
  400
)

/**
 * A time range that cannot be answered. Reported like a schema violation, so that the problem
 * document names the field.
 */
export const unusableRange = (field: 'from' | 'to' | 'instance', message: string) =>
  Object.assign(new UnusableRange(`${field} ${message}`), {
    validation: [{ keyword: 'stats', instancePath: `/${field}`, params: {}, message }]
  })

const UnusableQuestion = createError<'CONSOLE_ERR_JOURNAL_QUESTION', 400, [text: string]>(
  'CONSOLE_ERR_JOURNAL_QUESTION',
  '%s',
  400
)

/** A question that the journal cannot answer, reported like a schema violation of its field. */
export const unusableQuestion = (message: string) =>
  Object.assign(new UnusableQuestion(message), {
    validation: [{ keyword: 'journal', instancePath: '/url', params: {}, message }]
  })
