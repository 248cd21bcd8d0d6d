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
