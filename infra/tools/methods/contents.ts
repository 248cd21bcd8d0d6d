/** Functions, or members of a class or an interface, that the methods page documents together. */
export interface Section {
  readonly title: string
  /** A path from the root of the repository. */
  readonly file: string
  /** The class or interface; functions if omitted. */
  readonly of?: string
  /** Names of the functions or members to document; default: all members with a comment. */
  readonly only?: readonly string[]
  /** The object on which headings call the members. */
  readonly on?: string
}

const cache = (file: string) => `packages/cache/src/${file}.ts`
const outbox = (file: string) => `packages/outbox/src/${file}.ts`
const query = (file: string) => `packages/query/src/${file}.ts`

/** The sections of `docs/methods.md`, in order. */
export const CONTENTS: readonly Section[] = [
  { title: 'A cache', file: cache('cache'), only: ['createCache'] },
  { title: 'A cache', file: cache('cache'), of: 'Cache', on: 'cache' },
  {
    title: 'The context of a function',
    file: cache('fill-context'),
    of: 'FillContext',
    on: 'ctx'
  },
  { title: 'Functions', file: cache('cached'), only: ['cached'] },
  { title: 'Functions', file: cache('wrap'), of: 'WrappedMethods', on: 'load' },
  { title: 'Named caches', file: cache('named-caches'), only: ['createCaches', 'valueType'] },
  { title: 'Named caches', file: cache('named-caches'), of: 'CachesBase', on: 'caches' },
  { title: 'Named caches', file: 'plugins/caches/index.ts', only: ['caches'] },
  { title: 'Stores', file: cache('stores/memory'), only: ['memoryStore'] },
  { title: 'Stores', file: cache('stores/sqlite/index'), only: ['sqliteStore'] },
  { title: 'Stores', file: cache('stores/redis/index'), only: ['redisStore'] },
  { title: 'Stores', file: cache('stores/postgres/index'), only: ['postgresStore'] },
  { title: 'Stores', file: cache('stores/memcached/index'), only: ['memcachedStore'] },
  { title: 'Stores', file: cache('stores/guarded'), only: ['guardedStore'] },
  { title: 'Fills by hand', file: cache('fill'), of: 'Fill', on: 'fill' },
  { title: 'Watching', file: cache('opentelemetry/index'), only: ['instrumentCache'] },
  { title: 'Testing', file: cache('testing/fake-clock'), only: ['fakeClock'] },
  {
    title: 'Testing',
    file: cache('testing/fake-clock'),
    of: 'FakeClock',
    on: 'clock',
    only: ['advance', 'restore']
  },
  { title: 'Testing', file: cache('testing/test-store'), only: ['testStore'] },
  {
    title: 'Testing',
    file: cache('testing/test-store'),
    of: 'TestStore',
    on: 'testing',
    only: ['fail', 'delay', 'freeze', 'restore']
  },
  { title: 'The outbox', file: outbox('outbox'), only: ['createOutbox'] },
  { title: 'The outbox', file: outbox('outbox'), of: 'Outbox', on: 'outbox' },
  {
    title: 'Write-through and write-behind',
    file: outbox('write-through'),
    only: ['writeThrough']
  },
  {
    title: 'Write-through and write-behind',
    file: outbox('write-behind/write-behind'),
    only: ['writeBehind']
  },
  {
    title: 'Write-through and write-behind',
    file: outbox('write-behind/write-behind'),
    of: 'WriteBehind',
    on: 'stock'
  },
  { title: 'Queries', file: query('with-query-cache'), only: ['withQueryCache'] },
  { title: 'Queries', file: query('cached'), only: ['cached', 'invalidates'] },
  { title: 'Queries', file: query('tags'), only: ['tableTags'] },
  { title: 'Fragments', file: 'plugins/fragments/index.ts', of: 'FastifyReply', on: 'reply' },
  {
    title: 'Fragments',
    file: 'plugins/fragments/index.ts',
    of: 'FragmentCache',
    on: 'app.fragments'
  }
]
