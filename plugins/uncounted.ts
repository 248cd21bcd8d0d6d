/**
 * Marks a scope whose routes are not counted, as a decorator: the pages that show the counts are no
 * part of them.
 */
export const UNCOUNTED: unique symbol = Symbol.for('weir.uncounted')

declare module 'fastify' {
  interface FastifyInstance {
    /** True in the scope of a plugin whose routes are not counted. */
    [UNCOUNTED]?: true
  }
}
