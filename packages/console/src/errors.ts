import createError from '@fastify/error'
import { expected } from '@weir/fastify/service'

// Every error that stats raises by name. The message says what to do; %s are filled in by the
// caller.

/** The client may not do this. */
export const CONSOLE_ERR_FORBIDDEN = createError<'CONSOLE_ERR_FORBIDDEN', 403, [action: string]>(
  'CONSOLE_ERR_FORBIDDEN',
  'You may not %s here: the option "authorize" of the console refuses it',
  403,
  Error,
  false
)

/** As many as may be are watching. */
export const STATS_ERR_TOO_MANY_VIEWERS = expected(
  'info',
  createError<'STATS_ERR_TOO_MANY_VIEWERS', 503, [most: number]>(
    'STATS_ERR_TOO_MANY_VIEWERS',
    '%s others are watching, which is as many as may: try again later, or ask /api/stats/summary instead',
    503,
    Error,
    false
  )
)

/** A client watches as often as one may. */
export const STATS_ERR_VIEWER_LIMIT = createError<'STATS_ERR_VIEWER_LIMIT', 429, [most: number]>(
  'STATS_ERR_VIEWER_LIMIT',
  'You are watching %s times already, which is as often as one client may: close one, or ask /api/stats/summary instead',
  429,
  Error,
  false
)

/** The service runs without its pages. */
export const STATS_ERR_NO_CONSOLE = expected(
  'warn',
  createError(
    'STATS_ERR_NO_CONSOLE',
    'The console has not been built: run "npm run build", then start stats again. The API is there, see /docs',
    503,
    Error,
    false
  )
)

/** There is no login link. */
export const STATS_ERR_LOGIN_OFF = expected('info', createError('STATS_ERR_LOGIN_OFF',
  'This suite has no login link: npm start makes one. Paste a token instead', 404, Error, false))

/** The code is not that of the login link. */
export const STATS_ERR_LOGIN_UNKNOWN = expected(
  'warn',
  createError(
    'STATS_ERR_LOGIN_UNKNOWN',
    'This login link is not valid: it belongs to another start of the suite, or is incomplete. Open the link that npm start printed last',
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
    'This login link has been used: it works once. Start the suite again for a new link, or paste a token that npm start printed',
    410,
    Error,
    false
  )
)

/** The login link is too old. */
export const STATS_ERR_LOGIN_EXPIRED = expected(
  'info',
  createError(
    'STATS_ERR_LOGIN_EXPIRED',
    'This login link has expired. Start the suite again for a new link, or paste a token that npm start printed',
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
 * A time that nothing can be told about; as a schema's violations are told, so that the problem
 * document names the field.
 */
export const unusableRange = (field: 'from' | 'to', message: string) =>
  Object.assign(new UnusableRange(`${field} ${message}`), {
    validation: [{ keyword: 'stats', instancePath: `/${field}`, params: {}, message }]
  })
