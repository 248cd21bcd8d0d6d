import type { KyselyPlugin, PluginTransformQueryArgs, PluginTransformResultArgs } from 'kysely'
import type { CachedOptions, InvalidatesOptions } from './cached.js'

/** The declarations about a query, or about all of a database. */
export interface Said {
  readonly cached?: CachedOptions
  /** Whether `cached` was said of the query itself. */
  readonly isOwnQuery?: boolean
  readonly invalidates?: InvalidatesOptions
}

/**
 * Tells the executor what was said about a query. A database that is not cached takes it for a
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
