/**
 * Normalizes a reply, independently of the client's options: text is a Buffer, an integer a number.
 *
 * Clients return text as Buffers, so a string is an integer (ioredis' `stringNumbers`, a type
 * mapping) or a status.
 */
export function normalize (reply: unknown): unknown {
  if (typeof reply === 'string') return /^-?\d+$/.test(reply) ? Number(reply) : Buffer.from(reply)
  if (typeof reply === 'bigint') return Number(reply)
  return isList(reply) ? reply.map(normalize) : reply
}

const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value)
