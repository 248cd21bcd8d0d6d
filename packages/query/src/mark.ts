import type { KyselyPlugin, PluginTransformQueryArgs, PluginTransformResultArgs } from 'kysely'
import type { CachedOptions, InvalidatesOptions } from './cached.js'

/** Tells the executor what was said about a query. A database that is not cached takes it for a plugin that does nothing. */
export class Mark implements KyselyPlugin {
  constructor (readonly said: { readonly cached?: CachedOptions, readonly invalidates?: InvalidatesOptions }) {}

  transformQuery ({ node }: PluginTransformQueryArgs) {
    return node
  }

  async transformResult ({ result }: PluginTransformResultArgs) {
    return result
  }
}
