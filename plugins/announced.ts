import type { FastifyInstance } from 'fastify'

/** The prefixes of the cache-admin routes of each application, by its server. */
const PREFIXES = new WeakMap<object, string[]>()

/** Notes where an application has cache-admin routes, for the plugin that announces it. */
export function noteCacheAdmin (app: FastifyInstance, prefix: string): void {
  PREFIXES.set(app.server, [...cacheAdminOf(app), `${app.prefix}${prefix}`])
}

/** The prefixes of the cache-admin routes of an application, in the order of registration. */
export const cacheAdminOf = ({ server }: FastifyInstance): readonly string[] =>
  PREFIXES.get(server) ?? []
