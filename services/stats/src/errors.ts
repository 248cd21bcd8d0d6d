import createError from '@fastify/error'

// Every error that stats raises by name. The message says what to do; %s are filled in by the caller.

/** As many as may be are watching. */
export const STATS_ERR_TOO_MANY_VIEWERS = createError<'STATS_ERR_TOO_MANY_VIEWERS', 503, [most: number]>(
  'STATS_ERR_TOO_MANY_VIEWERS', '%s others are watching, which is as many as may: close one, or ask /api/stats/summary instead', 503)

/** The service runs without its pages. */
export const STATS_ERR_NO_CONSOLE = createError(
  'STATS_ERR_NO_CONSOLE', 'The console has not been built: run "npm run build", then start stats again. The API is there, see /docs', 503)

const UnusableRange = createError<'STATS_ERR_RANGE', 400, [text: string]>('STATS_ERR_RANGE', '%s', 400)

/** A time that nothing can be told about; as a schema's violations are told, so that the problem document names the field. */
export const unusableRange = (field: 'from' | 'to', message: string) => Object.assign(new UnusableRange(`${field} ${message}`), {
  validation: [{ keyword: 'stats', instancePath: `/${field}`, params: {}, message }]
})
