import { AsyncLocalStorage } from 'node:async_hooks'
import { setMaxListeners } from 'node:events'
import type { Fleet, OutboxEdge } from '@weir/outbox'
import { Claim } from './claim.js'
import { type Channel, confirm, confirmOnce } from './confirming.js'
import type { EdgeDestination } from './destination.js'
import { EdgeError } from './errors.js'
import { emit } from './events.js'
import { type EdgeFields, edgeFields, EVERYTHING } from './headers.js'
import { MemoryRows } from './memory-rows.js'
import { type EdgeOptions, resolveOptions } from './options.js'
import { EdgeRelay } from './relay.js'
import { bounded, type DeadLetter, EdgeRows, namespaceOf } from './rows.js'
import { Sender } from './sender.js'
import { shownTag } from './tags.js'

/** State of one destination. */
export interface EdgeStatus {
  readonly destination: string
  /** Tags that are not confirmed yet, without second purges. */
  readonly pending: number
  /** Age of the oldest of them in ms, by the clocks of its writer and of this instance; 0: none. */
  readonly oldest: number
  /** Number of dead letters. */
  readonly dead: number
  /** Tags that the destination has confirmed to this instance. */
  readonly confirmed: number
  /** Calls of this instance that have failed. */
  readonly failed: number
  /** `failing`: its last call failed. `limited`: calls wait for the rate limit. */
  readonly state: 'ok' | 'failing' | 'limited'
  /** Error of the last call; undefined if that succeeded. */
  readonly error: string | undefined
}

/** An edge made by {@link createEdge}. */
export interface Edge extends OutboxEdge {
  readonly destinations: readonly EdgeDestination[]
  /** True with a database, which all instances share; false: rows are in this process's memory. */
  readonly isShared: boolean
  /** Fields of responses for all destinations. */
  readonly fields: EdgeFields
  /**
   * Purges at once, without the outbox, every destination that is not another region. Used by a
   * region for invalidations of another one, which keeps them until this resolves.
   * @throws EdgeError, or a destination's own error
   */
  purge (tags: readonly string[]): Promise<void>
  /**
   * Carries out an invalidation of the fleet that did not come through the outbox, and passes it on
   * to every destination. `@weir/fastify/response-cache` calls it for each of its own.
   *
   * With a database it is written first, and delivered like that of a write. If the database does
   * not answer, destinations are purged without a second chance.
   * @param tags invalidated tags; `[EVERYTHING]` if `work` clears the fleet's cache
   * @param work invalidates the fleet
   * @param options `isBounded`: do not wait for anything beyond `work`
   * @returns names of the destinations that a write waits for and that have not confirmed
   * @throws the error of `work`, unless the outbox delivers to the fleet in its place
   * @example
   * const unconfirmed = await edge.invalidate(['a'], () => cache.invalidate(['a']))
   */
  invalidate (
    tags: readonly string[],
    work: () => Promise<unknown>,
    options?: { readonly isBounded?: boolean }
  ): Promise<readonly string[]>
  /** Returns the backlog of each destination, for people and gauges. */
  status (): Promise<EdgeStatus[]>
  /**
   * Returns the first purges that were given up, of one destination or of all, each with its tag as
   * `invalidates` has it, or with the URI of the write.
   * @example
   * for (const { destination, tag } of await edge.deadLetters()) console.log(destination, tag)
   */
  deadLetters (destination?: string, limit?: number): Promise<DeadLetter[]>
  /**
   * Puts dead letters back: the relay delivers them like new ones.
   * @throws EdgeError WEIR_EDGE_INVALID_OPTION if one of them is gone
   * @example await edge.retry(await edge.deadLetters('fastly'))
   */
  retry (letters: readonly LetterId[]): Promise<void>
  /**
   * Deletes dead letters: what they were to purge stays at the destination until it expires there.
   * @example await edge.discard(await edge.deadLetters('retired'))
   */
  discard (letters: readonly LetterId[]): Promise<void>
}

/** The identity of a dead letter. */
export type LetterId = Pick<DeadLetter, 'destination' | 'id'>

/**
 * Creates an edge: the caches beyond the fleet that are told of each invalidation by its outbox.
 *
 * `outbox.add` writes a row for each tag and destination in the transaction of the data. `deliver`
 * first delivers to the fleet, then purges each destination, and waits for those with `wait`. Rows
 * that are left are delivered by one instance's relay per destination.
 *
 * **The guarantee**, for a destination with `wait: true` that stores no response whose fetch began
 * before a purge (Varnish with the VCL of this package): no request that reaches it after `deliver`
 * has resolved to `delivered` is answered with an invalidated response.
 *
 * **Why it holds.** Let i be the moment at which the fleet's own delivery resolved, and p > i that
 * at which the destination carried out the purge.
 * 1. A response stored before p is removed at p, because it carries every tag that its entry in the
 *    fleet has, in a form that depends on the tag alone; one that cannot carry all is not stored.
 * 2. A response whose fetch began after p was answered by an instance after i, so by the guarantee
 *    of `createOutbox` from the new version.
 * 3. A response whose fetch began before p and that is complete after p may be old: the destination
 *    does not store it, and requests that wait for it fetch again.
 *
 * A destination that cannot do 3 has `again`: purged once more after the longest possible fetch, it
 * is right from then on, and within that time may serve the old version.
 *
 * **None is lost**: rows are committed with the data, and deleted only after a confirmation that
 * began after the commit. A process that dies leaves rows. The relay enforces the fleet's
 * invalidation of a row before it purges, so that i < p also then. Two relays at once merely purge
 * twice.
 *
 * Nothing of this ends the fleet's lease or holds up its invalidations: a destination that is down
 * costs the writes that wait for it, for as long as they are told to.
 * @throws EdgeError WEIR_EDGE_INVALID_OPTION
 * @example
 * const edge = createEdge({
 *   db,
 *   destinations: [varnish({ urls: ['http://10.0.0.1:6081'], secret })]
 * })
 * const outbox = createOutbox({ db, invalidate: (tags) => cache.invalidate(tags), edge })
 * await outbox.start()
 */
export function createEdge (options: EdgeOptions): Edge {
  const { db, destinations, claim, ...timing } = resolveOptions(options)
  const delivery = new AsyncLocalStorage<{ isOver: boolean }>()
  let known: Fleet | undefined
  const fleet = (): Fleet => {
    if (known !== undefined) return known
    throw new EdgeError('WEIR_EDGE_NOT_ATTACHED', 'An invalidation was to be delivered')
  }
  const channels = destinations.map((destination): Channel => {
    const { name } = destination
    const rows = db === undefined ? new MemoryRows(name) : new EdgeRows(db, name)
    const sender = new Sender(destination)
    const ongoing = new Set<string>()
    const relay = new EdgeRelay({
      rows,
      sender,
      ongoing,
      ...timing,
      // Rows in memory are written after the fleet's invalidation, and are of this process alone.
      ...(db === undefined
        ? { enforce: async () => {}, claim: { take: async () => true, release: async () => {} } }
        : {
            enforce: (tags, ids) => fleet().enforce(tags, ids),
            claim: new Claim(db, name, claim)
          })
    })
    return { destination, rows, sender, relay, ongoing }
  })
  const stopped = new AbortController()
  // Each write that waits listens.
  setMaxListeners(0, stopped.signal)

  /** Returns the names of the destinations that have not confirmed in time. */
  const unconfirmed = async (
    check: (channel: Channel) => Promise<boolean>
  ): Promise<readonly string[]> => {
    const names = await Promise.all(channels.map(async (channel) =>
      await check(channel) ? [] : [channel.destination.name]))
    return names.flat()
  }

  const inMemory = async (
    tags: readonly string[], work: () => Promise<unknown>, isBounded: boolean
  ) => {
    await work()
    const isConfirmed = unconfirmed(async (channel) => {
      const ids = channel.rows instanceof MemoryRows ? channel.rows.add(tags) : []
      return confirm(channel, { id: '', tags }, ids, stopped.signal)
    })
    return isBounded ? [] : isConfirmed
  }

  const durably = async (
    tags: readonly string[], work: () => Promise<unknown>, isBounded: boolean
  ) => {
    const outbox = fleet()
    const written = await bounded(outbox.queue(tags)).catch((error: unknown) => {
      for (const { destination: { name } } of channels) {
        emit('weir:edge:error', { destination: name, operation: 'table', error })
      }
    })
    if (written === undefined) {
      await work()
      const isConfirmed = unconfirmed((channel) => confirmOnce(channel, tags, stopped.signal))
      return isBounded ? [] : isConfirmed
    }
    const isConfirmed = () =>
      unconfirmed((channel) => confirm(channel, written, written.ids, stopped.signal))
    try {
      await work()
    } catch (error) {
      // The fleet does not know that tag.
      if (tags.includes(EVERYTHING)) throw error
      await outbox.deliver(written)
      return isConfirmed()
    }
    if (isBounded) {
      // Other instances may serve the old version for a lease, so the edge follows them.
      outbox.deliver(written).then(isConfirmed).catch(() => {})
      return []
    }
    await outbox.finish(written)
    return isConfirmed()
  }

  return {
    destinations,
    isShared: db !== undefined,
    fields: edgeFields(destinations),
    async purge (tags) {
      const near = channels.filter(({ destination: { isRegion } }) => isRegion !== true)
      await Promise.all(near.map(({ sender }) => sender.send(tags)))
    },
    async invalidate (tags, work, { isBounded = false } = {}) {
      const isPassedOn = delivery.getStore()?.isOver === false
      if (!isPassedOn && tags.length > 0) {
        return (db === undefined ? inMemory : durably)([...new Set(tags)], work, isBounded)
      }
      await work()
      return []
    },
    namespaces: db === undefined ? [] : destinations.map(({ name }) => namespaceOf(name)),
    attach (fleet) {
      if (db !== undefined) known = fleet
      else throw new EdgeError('WEIR_EDGE_INVALID_OPTION', 'db: an edge of an outbox needs its database')
    },
    delivering (work) {
      const context = { isOver: false }
      const result = delivery.run(context, work)
      const end = () => { context.isOver = true }
      // A connection that it has opened, for example, is no part of the delivery later.
      Promise.resolve(result).then(end, end)
      return result
    },
    async confirm (ticket, ids) {
      const names = await unconfirmed((channel) => confirm(channel, ticket, ids, stopped.signal))
      return names.length === 0
    },
    start () { for (const { relay } of channels) relay.start() },
    async stop () {
      stopped.abort()
      for (const { sender } of channels) sender.stop()
      await Promise.all(channels.map(({ relay }) => relay.stop()))
    },
    status: () => Promise.all(channels.map(async ({ rows, sender, destination: { name } }) => {
      const { pending, oldest, dead } = await rows.backlog()
      const age = oldest === undefined ? 0 : Math.max(0, Date.now() - Date.parse(oldest))
      return { destination: name, pending, oldest: age, dead, ...sender.state() }
    })),
    async deadLetters (only, limit = 100) {
      const letters: DeadLetter[] = []
      for (const { rows, destination: { name } } of channels) {
        if (only === undefined || only === name) letters.push(...await rows.dead(limit))
      }
      return letters.slice(0, limit).map((letter) => ({ ...letter, tag: shownTag(letter.tag) }))
    },
    async retry (letters) {
      for (const { rows, destination: { name } } of channels) {
        await rows.revive(idsAt(name, letters))
      }
    },
    async discard (letters) {
      for (const { rows, destination: { name } } of channels) {
        await rows.discard(idsAt(name, letters))
      }
    }
  }
}

const idsAt = (name: string, letters: readonly LetterId[]): string[] => [
  ...new Set(letters.filter(({ destination }) => destination === name).map(({ id }) => id))
]
