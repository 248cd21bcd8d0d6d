import type { FastifyRequest } from 'fastify'

/**
 * Has a request for a range answered with a part of the bytes as they are, and not of an encoding
 * that some hook would make of them: clients put parts together that they got at different times.
 * With If-Range it gets the whole, because entity tags that are made before a response is encoded
 * say the same of bytes that are not.
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
