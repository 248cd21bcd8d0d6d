import { fileURLToPath } from 'node:url'

const ROOT = new URL('../../../', import.meta.url)

/**
 * A program of the suite, as compiled by `tsc` and as a single file. Both are in folders of the
 * same depth, so relative paths in them resolve to the same files.
 */
export interface Program {
  readonly compiled: string
  readonly bundle: string
}

const service = (name: string): Program => ({
  compiled: at(`services/${name}/dist/src/server.js`),
  bundle: at(`services/${name}/dist/bundle/server.js`)
})

export const PROGRAMS = {
  catalog: service('catalog'),
  weather: service('weather'),
  storefront: service('storefront'),
  stats: service('stats'),
  upstream: {
    compiled: at('infra/dist/upstream/main.js'),
    bundle: at('infra/dist/bundle/upstream.js')
  },
  suite: { compiled: at('infra/dist/local/main.js'), bundle: at('infra/dist/bundle/suite.js') }
} as const satisfies Record<string, Program>

function at (path: string): string {
  return fileURLToPath(new URL(path, ROOT))
}
