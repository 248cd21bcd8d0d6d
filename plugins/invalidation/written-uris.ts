import type { FastifyReply, FastifyRequest } from 'fastify'

/**
 * The paths, with queries, that a successful unsafe request has written to: its target, and Location and Content-Location
 * where they have the target's origin (RFC 9111, section 4.4: others could be used to drop what is not theirs).
 */
export function writtenUris (request: FastifyRequest, reply: FastifyReply): string[] {
  const target = `${request.protocol}://${request.host}${request.url}`
  const paths = new Set([request.url])
  if (!URL.canParse(target)) return [...paths]
  const base = new URL(target)
  for (const name of ['location', 'content-location']) {
    const value = reply.getHeader(name)
    if (typeof value !== 'string' || !URL.canParse(value, target)) continue
    const uri = new URL(value, base)
    if (uri.origin === base.origin) paths.add(uri.pathname + uri.search)
  }
  return [...paths]
}
