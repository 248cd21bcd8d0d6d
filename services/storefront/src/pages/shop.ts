import { type Cache } from '@weir/cache'
import { type StorefrontEnv } from '../env.js'
import { type Recommendations } from '../recommend/recommend.js'
import { type Render } from '../templates.js'
import { type Catalog } from '../upstream/catalog.js'
import { type Upstream } from '../upstream/upstream.js'
import { type Views } from '../views/views.js'

/** Everything that pages are made of. */
export interface Shop {
  readonly env: StorefrontEnv
  readonly render: Render
  readonly catalog: Catalog
  readonly weather: Upstream
  readonly recommendations: Recommendations
  readonly views: Views
  /**
   * The caches that the debug panel looks into, by what their keys begin with, under the names that
   * statistics have them under.
   */
  readonly inspected: readonly {
    readonly name: string
    readonly namespace: string
    readonly prefix: string
    readonly cache: Cache<unknown>
  }[]
}
