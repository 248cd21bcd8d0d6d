import type { KyselyPlugin, PluginTransformQueryArgs, PluginTransformResultArgs } from 'kysely'
import type { CachedOptions, InvalidatesOptions } from './cached.js'

/** Declarations about a query, or about a whole database. */
export interface Said {
  readonly cached?: CachedOptions
  /** Whether `cached` was applied to the query itself. */
  readonly isOwnQuery?: boolean
  readonly invalidates?: InvalidatesOptions
}

/**
 * Passes declarations about a query to the executor. A database without a cache treats it as a
 * plugin that does nothing.
 */
export class Mark implements KyselyPlugin {
  constructor (readonly said: Said) {}

  transformQuery ({ node }: PluginTransformQueryArgs) {
    return node
  }

  async transformResult ({ result }: PluginTransformResultArgs) {
    return result
  }
}
