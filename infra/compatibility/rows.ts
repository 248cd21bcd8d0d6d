/** A combination of versions, and the compiled tests that run against it. */
export interface Row {
  readonly name: string
  /** Packages that replace the repository's own versions, in npm's notation: `kysely@0.29`. */
  readonly packages: readonly string[]
  /**
   * Major version of Node, whose binary comes from npm's package `node`; default: the running one.
   */
  readonly node?: string
  /** Folders of compiled tests, and a pattern for the names of test files. */
  readonly folders: readonly string[]
  readonly files?: RegExp
}

const PLUGINS = ['plugins/dist/test']
const KYSELY = ['packages/outbox/dist/test', 'packages/query/dist/test']
const SQLITE = [
  'packages/sqlite/dist/test',
  'packages/cache/dist/test',
  'packages/limiter/dist/test',
  'packages/metrics/dist/test'
]
const REDIS = [
  'packages/redis/dist/test',
  'packages/cache/dist/test',
  'packages/limiter/dist/test',
  'packages/metrics/dist/test'
]

export const ROWS: readonly Row[] = [
  { name: 'fastify-5.10', packages: ['fastify@5.10.0'], folders: PLUGINS },
  { name: 'fastify-5.12', packages: ['fastify@5.12.0'], folders: PLUGINS },
  { name: 'fastify-latest', packages: ['fastify@5'], folders: PLUGINS },
  // better-sqlite3 12 is compiled for one major version of Node; 13 ships binaries.
  {
    name: 'kysely-0.29',
    packages: ['kysely@0.29', 'better-sqlite3@13'],
    node: '22',
    folders: KYSELY
  },
  {
    name: 'better-sqlite3-13',
    packages: ['better-sqlite3@13'],
    node: '22',
    folders: SQLITE,
    files: /sqlite\/dist|sqlite/
  },
  {
    name: 'better-sqlite3-13-node-26',
    packages: ['better-sqlite3@13'],
    node: '26',
    folders: SQLITE,
    files: /sqlite\/dist|sqlite/
  },
  { name: 'ioredis-5', packages: ['ioredis@5'], folders: REDIS, files: /redis/ },
  {
    name: 'node-redis-6',
    packages: ['@redis/client@6'],
    folders: REDIS,
    files: /clients|redis\/dist/
  },
  { name: 'ioredis-5.4', packages: ['ioredis@5.4.0'], folders: REDIS, files: /redis/ }
]
