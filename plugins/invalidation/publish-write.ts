import { type FastifyReply } from 'fastify'
import { writtenChannel, type WrittenMessage } from '../response-cache/channels.js'

/** Returns a function that publishes the write; undefined if it is not to be published. */
export function publisher (
  reply: FastifyReply,
  tags: readonly string[]
): ((outcome: WrittenMessage['outcome']) => void) | undefined {
  if (!writtenChannel.hasSubscribers || tags.length === 0) return undefined
  const since = Date.now()
  const { request, statusCode: status } = reply
  // Fastify measures `elapsedTime` only for routes with an onResponse hook or a log.
  const began = request.writtenSince > 0 ? Math.min(since, request.writtenSince) : since
  const { consistency = 'strict' } = request.routeOptions.config
  return (outcome) => {
    const message: WrittenMessage = { request, status, began, since, tags, outcome, consistency }
    writtenChannel.publish(message)
  }
}

/** Returns the outcome of a write from those of its deliveries. */
export const outcomeOf = (outcomes: readonly unknown[]): WrittenMessage['outcome'] =>
  outcomes.includes('queued')
    ? 'queued'
    : outcomes.includes('unconfirmed') ? 'unconfirmed' : 'acknowledged'
