import type { FastifyReply } from 'fastify'
import type { Fields } from './head.js'

let known: symbol | undefined

/**
 * Has the reply say which header fields were sent, as it does of those that Fastify sends. It keeps them
 * under a symbol of its own; to set them one by one would cost a hit a tenth.
 */
export function giveHeaders (reply: FastifyReply, fields: Fields): void {
  if (known === undefined || !Object.hasOwn(reply, known)) {
    known = Object.getOwnPropertySymbols(reply).find(({ description }) => description === 'fastify.reply.headers')
  }
  if (known !== undefined) Reflect.set(reply, known, fields)
  else for (const name in fields) reply.header(name, fields[name])
}
