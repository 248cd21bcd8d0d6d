import { type FastifyReply } from 'fastify'

/** By what a client recognises a version of a product or category (RFC 9110 section 8.8). */
export function validatorsOf ({
  id,
  version,
  updatedAt
}: {
  id: number
  version: number
  updatedAt: string
}) {
  return { etag: `"${id}-${version}"`, lastModified: new Date(updatedAt).toUTCString() }
}

/** Sets ETag and Last-Modified for the version that is about to be sent. */
export function sendValidators (
  reply: FastifyReply,
  current: Parameters<typeof validatorsOf>[0]
): void {
  const { etag, lastModified } = validatorsOf(current)
  reply.header('etag', etag).header('last-modified', lastModified)
}

/**
 * Cache-Control of what is the same for everybody, whoever asks: it may then be kept, and served to
 * others, although the request for it had Authorization (RFC 9111 section 3.5). Clients ask each
 * time whether it still holds.
 */
export const forEverybody = 'public, no-cache'
