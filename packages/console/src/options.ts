import type { Store } from '@weir/cache'
import type { MetricsStore } from '@weir/metrics'
import type { JournalStore } from '@weir/metrics/journal'
import type { LogLevel } from 'fastify'
import { CONSOLE_ERR_OPTION } from './errors.js'
import { type Authorize } from './guard.js'
import { CODE_PATTERN } from './login/code.js'
import { type RedisClient } from './redis/nodes.js'
import { type DemoUser } from './routes/demo-users.js'

/** Options of the console. */
export interface ConsoleOptions {
  /** The store that instances report their counts to; see `@weir/fastify/observability`. */
  readonly store: MetricsStore
  /** Decides what clients may do, for pages and the API alike. */
  readonly authorize: Authorize
  /** Path prefix of the console, such as `/console`. Default: `/`. */
  readonly prefix?: string
  /** The store of the caches whose entries are shown and invalidated. Default: none. */
  readonly cache?: Store
  /** The store that `@weir/fastify/journal` of your services writes to. Default: none. */
  readonly journal?: JournalStore
  /**
   * SQLite file for the history of counts, created if it does not exist. By default the history is
   * in memory, and a restart begins with the last day, which the store retains.
   */
  readonly file?: string
  /** The Redis whose figures are shown, single or Cluster. Default: none. */
  readonly redis?: RedisClient
  /** The users that every visitor may act as. Default: none. */
  readonly demoUsers?: () => DemoUser[]
  /** The code of a one-time login link and the users it grants. Default: no login link. */
  readonly login?: { readonly code: string, readonly users: () => DemoUser[] }
  /** Log level of its requests. Default: that of the application. */
  readonly logLevel?: LogLevel
}

const NAMES: readonly string[] = [
  'store',
  'authorize',
  'prefix',
  'cache',
  'journal',
  'file',
  'redis',
  'demoUsers',
  'login',
  'logLevel'
]

/**
 * Stops the boot if an option is invalid.
 * @throws CONSOLE_ERR_OPTION that names the option and the remedy
 */
export function checkOptions (options: Partial<ConsoleOptions>): void {
  const unknown = Object.keys(options).find((name) => !NAMES.includes(name))
  if (unknown !== undefined) {
    throw new CONSOLE_ERR_OPTION(unknown, `is unknown: there is ${NAMES.join(', ')}`)
  }
  const { store, authorize, prefix, cache, journal, file, redis, demoUsers, login } = options
  if (typeof store?.read !== 'function' || typeof store.instances !== 'function') {
    throw new CONSOLE_ERR_OPTION(
      'store',
      `${given(store)}: give it redisStore(), sqliteStore() or memoryStore() of @weir/metrics, ` +
        'the one that your instances report to'
    )
  }
  if (typeof authorize !== 'function') {
    throw new CONSOLE_ERR_OPTION(
      'authorize',
      `${given(authorize)}: give it a function (request, action) that returns true for clients ` +
        'that may see the console. It has no default, so that no console is public by accident'
    )
  }
  if (prefix !== undefined && !/^(\/|(\/[\w.~-]+)+\/?)?$/.test(String(prefix))) {
    throw new CONSOLE_ERR_OPTION('prefix', `${given(prefix)}: write a path such as "/console"`)
  }
  if (file !== undefined && (typeof file !== 'string' || file === '')) {
    throw new CONSOLE_ERR_OPTION('file', `${given(file)}: write the path of a SQLite file`)
  }
  if (cache !== undefined && typeof cache?.namespace !== 'function') {
    throw new CONSOLE_ERR_OPTION(
      'cache',
      `${given(cache)}: give it redisStore(), sqliteStore() or memoryStore() of @weir/cache`
    )
  }
  if (journal !== undefined && typeof journal?.coverage !== 'function') {
    throw new CONSOLE_ERR_OPTION(
      'journal',
      `${given(journal)}: give it redisJournal(), sqliteJournal() or memoryJournal() ` +
      'of @weir/metrics'
    )
  }
  if (redis !== undefined && !isRedis(redis)) {
    throw new CONSOLE_ERR_OPTION('redis', `${given(redis)}: give it a client of ioredis`)
  }
  if (demoUsers !== undefined && typeof demoUsers !== 'function') {
    throw new CONSOLE_ERR_OPTION('demoUsers', `${given(demoUsers)}: give it a function`)
  }
  if (login !== undefined) checkLogin(login)
}

function checkLogin (login: Partial<NonNullable<ConsoleOptions['login']>>): void {
  if (typeof login.users !== 'function') {
    throw new CONSOLE_ERR_OPTION('login.users', `${given(login.users)}: give it a function`)
  }
  if (typeof login.code !== 'string' || !new RegExp(CODE_PATTERN).test(login.code)) {
    // The value may contain most of a secret.
    throw new CONSOLE_ERR_OPTION(
      'login.code',
      'is not a login code: write the time it expires (ms since 1970), a dot, and 192 random ' +
        'bits as base64url'
    )
  }
}

function given (value: unknown): string {
  if (value === undefined) return 'is missing'
  const text = typeof value === 'object' ? 'that object' : String(JSON.stringify(value))
  return `cannot be ${typeof value === 'function' ? 'a function' : text}`
}

const isRedis = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && ('info' in value || 'nodes' in value)
