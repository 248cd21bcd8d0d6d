import type { FastifyReply } from 'fastify'
import type { Fields } from './head.js'

/** A reply of Fastify's, which keeps its header fields under a symbol of its own. */
type Holder = FastifyReply & Record<symbol, Fields>

let known: symbol = Symbol('none yet')

function holds (reply: FastifyReply): reply is Holder {
  if (known in reply) return true
  const symbol = Object.getOwnPropertySymbols(reply).find(
    ({ description }) => description === 'fastify.reply.headers'
  )
  if (symbol !== undefined) known = symbol
  return symbol !== undefined
}

/**
 * The header fields that hooks have given a reply so far, but for those of its raw response. Not to
 * be changed.
 */
export function givenHeaders (reply: FastifyReply): Fields {
  return (holds(reply) ? reply[known] : undefined) ?? reply.getHeaders() as Fields
}

/**
 * Has the reply say which header fields were sent, as it does of those that Fastify sends. To set
 * them one by one would cost a hit a tenth.
 */
export function giveHeaders (reply: FastifyReply, fields: Fields): void {
  if (holds(reply)) reply[known] = fields
  else for (const name in fields) reply.header(name, fields[name])
}
