import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'

/** Web streams as Node has them; a Response is its status and headers on the reply, and its stream. */
export function unwrapped (payload: unknown, reply: FastifyReply): unknown {
  if (payload instanceof ReadableStream) return Readable.fromWeb(payload)
  if (!(payload instanceof Response)) return payload
  reply.code(payload.status)
  payload.headers.forEach((value, name) => { reply.header(name, value) })
  return payload.body === null ? '' : Readable.fromWeb(payload.body)
}

/** The bytes of a payload; undefined for what is none. */
export function bodyOf (payload: unknown): Buffer | undefined {
  if (payload === null || payload === undefined) return Buffer.alloc(0)
  if (typeof payload === 'string') {
    const body = Buffer.allocUnsafeSlow(Buffer.byteLength(payload))
    body.write(payload)
    return body
  }
  return payload instanceof Uint8Array ? copyOf(payload) : undefined
}

/** Small Buffers share memory with others, which a stored one would keep alive. */
export function copyOf (bytes: Uint8Array): Buffer {
  const body = Buffer.allocUnsafeSlow(bytes.length)
  body.set(bytes)
  return body
}

/** All that a stream has, if that is not more than so many bytes; otherwise undefined, and the stream is destroyed. */
export async function firstBytes (stream: Readable, limit: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let length = 0
  // Leaving the loop destroys the stream.
  for await (const chunk of stream as AsyncIterable<Uint8Array | string>) {
    const bytes = Buffer.from(chunk)
    length += bytes.length
    if (length > limit) return undefined
    chunks.push(bytes)
  }
  return Buffer.concat(chunks, length)
}
