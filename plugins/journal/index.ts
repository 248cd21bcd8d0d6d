import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { CacheEvents } from '@weir/cache'
import { within } from '@weir/internal'
import { MetricsError } from '@weir/metrics'
import { type JournalStore, JournalWriter, redactor } from '@weir/metrics/journal'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { WEIR_ERR_PLUGIN_OPTION, WEIR_ERR_REGISTERED_TWICE } from '../errors.js'
import { logOutages } from '../outages.js'
import { checkOptionNames, type OptionNames } from '../plugin-options.js'
import '../response-cache/index.js'
import type { FilledMessage, WrittenMessage } from '../response-cache/channels.js'
import { defaultClients, ownClients } from './clients.js'
import { Facts } from './facts.js'

export { clientOf } from '../observability/client.js'

/** Options of the journal. */
export interface JournalOptions {
  /**
   * Store that keeps the journal: `redisJournal`, `sqliteJournal` or `memoryJournal` of
   * `@weir/metrics`, which bounds its bytes and its time. You close it.
   */
  readonly store: JournalStore
  /**
   * Returns the name under which the client of a request is recorded; undefined records none. Never
   * return a token or a session id. Default: `user:<id>` of an authenticated user, otherwise
   * `address:` and the network, a /24 of IPv4 or a /48 of IPv6.
   */
  readonly client?: (request: FastifyRequest) => string | undefined
  /**
   * Key of hashes, 16 characters or more, the same on all instances: adds one of the whole address
   * to networks, which tells their clients apart, and hashes values that are not recorded. Default:
   * no hash of addresses, and for values a random key, which the store keeps.
   */
  readonly secret?: string
  /**
   * Query parameters whose values are not recorded, besides those whose names speak of a password,
   * secret, token, key, session, code or signature. Default: none.
   */
  readonly redact?: readonly string[]
  /**
   * Hits of one second that are recorded one by one; further ones are counted by version, with up
   * to 16 clients. Default 50.
   */
  readonly hitsPerSecond?: number
  /** Events that wait for the store, at most; further ones are counted as a gap. Default 2000. */
  readonly maxPending?: number
}

declare module 'fastify' {
  interface FastifyInstance {
    journal: {
      readonly store: JournalStore
      /** Number of events that this instance could not record. */
      readonly dropped: number
      /** Writes recorded events to the store at once, instead of within half a second. */
      flush (): Promise<void>
    }
  }
}

const NAME = 'weir-journal'
// Milliseconds for which the boot waits for the store: without its key, hashes are left out.
const SECRET_TIMEOUT = 500
const OPTIONS: OptionNames<JournalOptions> = {
  store: true,
  client: true,
  secret: true,
  redact: true,
  hitsPerSecond: true,
  maxPending: true
}

/**
 * Records who filled which response for which request, which write invalidated it, and which
 * version each request was served, in a bounded journal that the console searches. Register it
 * after `@weir/fastify/response-cache`, before the routes.
 *
 * Events are written to the store twice a second. Nothing waits for that: while the store does not
 * answer, a bounded number of events waits, and the journal states the gap.
 */
async function journal (app: FastifyInstance, options: JournalOptions): Promise<void> {
  checkOptionNames(NAME, options, OPTIONS)
  if (app.hasDecorator('journal')) {
    throw new WEIR_ERR_REGISTERED_TWICE(NAME, 'one journal records every route of an application')
  }
  const { store, client, secret, redact = [], ...bounds } = checked(options)
  const { cache: { namespace, name: instance }, origin } = app.responseCache
  const logOutage = logOutages(
    app.log,
    'the store does not accept the journal: recent events wait, and further ones are counted',
    'the store accepts the journal again'
  )
  let [key, isAsked] = [secret, false]
  const learn = async () => {
    if (key !== undefined || isAsked) return
    isAsked = true
    key = await within(SECRET_TIMEOUT, store.secret(namespace), () => new Error('late'))
      .catch(() => undefined)
    isAsked = false
  }
  const writer = named(() => new JournalWriter({
    store,
    namespace,
    instance,
    redact,
    secret: () => key,
    ...bounds,
    onWritten (error) {
      logOutage(error)
      if (error === undefined) learn().catch(() => {})
    }
  }))
  const names = client === undefined ? defaultClients(secret) : ownClients(client)
  const facts = new Facts(names, redactor(redact, () => key), origin)
  app.decorate('journal', {
    store,
    get dropped () {
      return writer.dropped
    },
    flush: () => writer.flush()
  })

  const record = (request: FastifyRequest, reply: FastifyReply, done: () => void) => {
    // A request without a result was answered before the cache was asked, or refused by it.
    const { outcome, key, entry } = request.cacheResult ?? { outcome: 'bypass' }
    if (outcome !== 'refill') {
      writer.served(
        Date.now(), outcome, key ?? request.originalUrl, entry?.stamp, reply, facts)
    }
    done()
  }
  app.addHook('onRoute', (route) => {
    if (!route.config?.cache) return
    route.onResponse = [...[route.onResponse ?? []].flat(), record]
  })

  const isOwn = (request: FastifyRequest) => request.server.server === app.server
  const subscriptions: Readonly<Record<string, (message: unknown) => void>> = {
    'weir:response:fill' (message) {
      const { request, key, entry, result, purpose, began } = message as FilledMessage
      if (result !== 'stored' || !isOwn(request)) return
      writer.add({
        kind: 'filled',
        at: Date.now(),
        began,
        version: facts.versionOf(key, entry),
        status: entry.value.status,
        bytes: entry.value.body.length,
        isRefill: purpose === 'refill',
        request: facts.requestOf(request)
      })
    },
    'weir:response:write' (message) {
      const { request, tags, ...written } = message as WrittenMessage
      if (!isOwn(request)) return
      writer.add({
        kind: 'written',
        at: Date.now(),
        ...written,
        tags: facts.tags(tags),
        request: facts.requestOf(request)
      })
    },
    'weir:cache:invalidate' (message) {
      const { tags, stamp, ...from } = message as CacheEvents['weir:cache:invalidate']
      if (from.namespace !== namespace || from.name !== instance) return
      writer.add({ kind: 'invalidated', at: Date.now(), stamp, tags: facts.tags(tags) })
    },
    'weir:cache:clear' (message) {
      const { stamp, ...from } = message as CacheEvents['weir:cache:clear']
      if (from.namespace !== namespace || from.name !== instance) return
      writer.add({ kind: 'invalidated', at: Date.now(), stamp, tags: [] })
    }
  }
  for (const [name, on] of Object.entries(subscriptions)) subscribe(name, on)
  app.addHook('onReady', async () => {
    await learn()
    writer.start()
  })
  app.addHook('onClose', async () => {
    for (const [name, on] of Object.entries(subscriptions)) unsubscribe(name, on)
    await writer.close()
  })
}

function checked (options: JournalOptions): JournalOptions {
  const refuse = (option: string, problem: string) =>
    new WEIR_ERR_PLUGIN_OPTION(NAME, option, problem)
  const { client, secret, redact } = options
  if (client !== undefined && typeof client !== 'function') {
    throw refuse('client', 'must be a function that returns the name of a client')
  }
  if (secret !== undefined && (typeof secret !== 'string' || secret.length < 16)) {
    throw refuse('secret', 'must have 16 characters or more')
  }
  const isList = redact === undefined ||
    (Array.isArray(redact) && redact.every((name) => typeof name === 'string' && name !== ''))
  if (!isList) throw refuse('redact', "must be a list of query parameters, like ['email']")
  return options
}

/** Rethrows the writer's option errors as errors of this plugin. */
function named<R> (make: () => R): R {
  try {
    return make()
  } catch (error) {
    if (error instanceof MetricsError) {
      throw new WEIR_ERR_PLUGIN_OPTION(
        NAME, 'store, hitsPerSecond or maxPending', `cannot be used: ${error.message}`)
    }
    throw error
  }
}

export default fp(journal, { name: NAME, fastify: '5.x', dependencies: ['weir-response-cache'] })
