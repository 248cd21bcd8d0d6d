import { type FastifyReply } from 'fastify'

/** Validators of a version of a product or category (RFC 9110 section 8.8). */
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
 * Cache-Control of responses that are the same for all clients: they may be stored and shared
 * although the request had Authorization (RFC 9111 section 3.5). Clients revalidate each time.
 */
export const forEverybody = 'public, no-cache'
