import type { FastifyRequest } from 'fastify'

/**
 * Makes a range request get a part of the unencoded bytes, even if a hook would encode them:
 * clients combine parts from different times. With If-Range the request gets the complete response,
 * because entity tags computed before encoding do not distinguish encoded bytes.
 */
export function chooseEncodingForRange (request: FastifyRequest): void {
  const { headers } = request.raw
  const accepted = headers['accept-encoding']
  if (headers.range === undefined || accepted === undefined) return
  if (/(?:identity|\*)\s*;\s*q=0(?:\.0*)?\s*(?:,|$)/i.test(String(accepted))) return
  if (headers['if-range'] !== undefined && !/^\s*identity\s*$/i.test(String(accepted))) {
    delete headers.range
    delete headers['if-range']
  } else headers['accept-encoding'] = 'identity'
}
