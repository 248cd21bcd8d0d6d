import { type FastifyReply } from 'fastify'
import { type Document } from '../documents/document.js'

// Of units, days and places that share a cell: more than anybody asks for of one document.
const MOST = 64

// Beside the documents, and gone with them.
const kept = new WeakMap<Document<unknown>, Map<string, Buffer>>()

/**
 * Sends an answer whose body is made once for a document and each way to tell it: a week by the
 * hour takes longer to write down than all else that a request costs.
 * @param variant what the answer depends on besides the document
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
