import { type FastifyReply } from 'fastify'
import { type Document } from '../documents/document.js'

// Maximum number of variants of one document, by units, days and places that share a cell: more
// than clients request.
const MOST = 64

// Rendered variants are stored with their document, and removed with it.
const kept = new WeakMap<Document<unknown>, Map<string, Buffer>>()

/**
 * Sends a response whose body is rendered once for a document and each variant: rendering a week by
 * the hour takes longer than the rest of the request.
 * @param variant properties, besides the document, on which the response depends
 */
export function sendRendered (
  reply: FastifyReply,
  document: Document<unknown>,
  variant: string,
  render: () => unknown
): void {
  const variants = kept.get(document) ?? new Map<string, Buffer>()
  kept.set(document, variants)
  let body = variants.get(variant)
  if (body === undefined) {
    body = bytes(reply.serialize(render()))
    if (variants.size === MOST) variants.clear()
    variants.set(variant, body)
  }
  reply.type('application/json; charset=utf-8').send(body)
}

function bytes (serialized: ReturnType<FastifyReply['serialize']>): Buffer {
  if (typeof serialized === 'string') return Buffer.from(serialized)
  return serialized instanceof ArrayBuffer ? Buffer.from(serialized) : serialized
}
