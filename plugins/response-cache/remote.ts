import type { FastifyReply } from 'fastify'

/** Lets `around` run what forwards the request to another server, by `@fastify/reply-from`. */
export function onForward (reply: FastifyReply, around: (run: () => unknown) => unknown): void {
  const from: unknown = Reflect.get(reply, 'from')
  if (typeof from !== 'function') return
  Reflect.set(reply, 'from', (...args: readonly unknown[]): unknown => around(() => Reflect.apply(from, reply, args)))
}
