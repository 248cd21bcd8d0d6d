import { type Cache } from '@weir/cache'
import { type StorefrontEnv } from '../env.js'
import { type Recommendations } from '../recommend/recommend.js'
import { type Render } from '../templates.js'
import { type Catalog } from '../upstream/catalog.js'
import { type Upstream } from '../upstream/upstream.js'
import { type Views } from '../views/views.js'

/** Dependencies of the pages. */
export interface Shop {
  readonly env: StorefrontEnv
  readonly render: Render
  readonly catalog: Catalog
  readonly weather: Upstream
  readonly recommendations: Recommendations
  readonly views: Views
  /**
   * Caches inspected by the debug panel, by the prefix of their keys, with their names in
   * statistics.
   */
  readonly inspected: readonly {
    readonly name: string
    readonly namespace: string
    readonly prefix: string
    readonly cache: Cache<unknown>
  }[]
}
