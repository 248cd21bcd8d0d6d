import { formatCacheGroups } from '@weir/http'
import type { FastifyReply } from 'fastify'

/**
 * How long Cache-Groups and Cache-Group-Invalidation may be, in bytes. Proxies take 4 KiB for all headers
 * of a response by default, so that half of it is left for the others.
 */
export const MOST_GROUP_BYTES = 2048

/** A Cache-Group-Invalidation field of as many groups as fit, the first ones first. */
export function fittingGroups (groups: readonly string[]): string {
  let field = ''
  for (const group of groups) {
    const member = formatCacheGroups([group])
    if (field.length + member.length + 2 > MOST_GROUP_BYTES) continue
    field += field === '' ? member : `, ${member}`
  }
  return field
}

/**
 * Leaves Cache-Groups out of a reply, and has caches downstream ask before each reuse: they could not be told
 * of an invalidation of groups that they do not know. Applies to Cache-Control and to targeted fields (RFC 9213).
 */
export function withholdGroups (reply: FastifyReply): void {
  reply.removeHeader('cache-groups')
  if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-cache')
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (name !== 'cache-control' && !name.endsWith('-cache-control')) continue
    const text = String(value)
    if (!/\bno-(?:cache|store)(?!\s*=)\b/i.test(text)) reply.header(name, text === '' ? 'no-cache' : `${text}, no-cache`)
  }
}
