import { Readable } from 'node:stream'

/**
 * Discards a payload that will not be sent: an unread stream would keep its file or socket open.
 */
export function discard (payload: unknown): void {
  if (payload instanceof Readable) {
    payload.on('error', ignore)
    payload.destroy()
  } else if (payload instanceof ReadableStream) {
    payload.cancel().catch(ignore)
  } else if (payload instanceof Response) {
    payload.body?.cancel().catch(ignore)
  }
}

/**
 * Returns the body of a 304 to HEAD. Fastify's own HEAD hook, which runs later, fails on null and
 * turns any string into a Content-Length; it only drains a stream.
 */
export function emptyBody (): Readable {
  return Readable.from([])
}

function ignore () {}
