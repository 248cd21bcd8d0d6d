import { setTimeout as wait } from 'node:timers/promises'
import type { Fleet, OutboxEdge, Ticket } from '@weir/outbox'
import { Claim } from './claim.js'
import type { EdgeDestination } from './destination.js'
import { EdgeError } from './errors.js'
import { emit } from './events.js'
import { type EdgeFields, edgeFields } from './headers.js'
import { type EdgeOptions, resolveOptions } from './options.js'
import { EdgeRelay } from './relay.js'
import { type DeadLetter, type EdgeRow, EdgeRows, namespaceOf } from './rows.js'
import { Sender } from './sender.js'

/** State of one destination. */
export interface EdgeStatus {
  readonly destination: string
  /** Tags that are not confirmed yet, without second purges. */
  readonly pending: number
  /** Age of the oldest of them in ms, by the clocks of its writer and of this instance; 0: none. */
  readonly oldest: number
  /** Number of dead letters. */
  readonly dead: number
}

/** An edge made by {@link createEdge}. */
export interface Edge extends OutboxEdge {
  readonly destinations: readonly EdgeDestination[]
  /** Fields of responses for all destinations. */
  readonly fields: EdgeFields
  /**
   * Purges at once, without the outbox, every destination that is not another region. Used by a
   * region for invalidations of another one, which keeps them until this resolves.
   * @throws EdgeError, or a destination's own error
   */
  purge (tags: readonly string[]): Promise<void>
  /** Returns the backlog of each destination, for people and gauges. */
  status (): Promise<EdgeStatus[]>
  /**
   * Returns the first purges that were given up, of one destination or of all.
   * @example
   * for (const { destination, tag } of await edge.deadLetters()) console.log(destination, tag)
   */
  deadLetters (destination?: string, limit?: number): Promise<DeadLetter[]>
  /**
   * Puts dead letters back: the relay delivers them like new ones.
   * @throws EdgeError WEIR_EDGE_INVALID_OPTION if one of them is gone
   * @example await edge.retry(await edge.deadLetters('fastly'))
   */
  retry (letters: readonly DeadLetter[]): Promise<void>
}

interface Channel {
  readonly destination: EdgeDestination
  readonly rows: EdgeRows
  readonly sender: Sender
  readonly relay: EdgeRelay
  readonly ongoing: Set<string>
}

/** Milliseconds between two looks whether a relay has delivered. */
const LOOK = 100

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
  let known: Fleet | undefined
  const fleet = (): Fleet => {
    if (known !== undefined) return known
    throw new EdgeError('WEIR_EDGE_NOT_ATTACHED', 'The relay was started')
  }
  const channels = destinations.map((destination): Channel => {
    const rows = new EdgeRows(db, destination.name)
    const sender = new Sender(destination)
    const ongoing = new Set<string>()
    const relay = new EdgeRelay({
      rows, sender, fleet, ongoing, ...timing, claim: new Claim(db, destination.name, claim)
    })
    return { destination, rows, sender, relay, ongoing }
  })
  const stopped = new AbortController()

  return {
    destinations,
    fields: edgeFields(destinations),
    async purge (tags) {
      const near = channels.filter(({ destination: { isRegion } }) => isRegion !== true)
      await Promise.all(near.map(({ sender }) => sender.send(tags)))
    },
    namespaces: destinations.map(({ name }) => namespaceOf(name)),
    attach (fleet) { known = fleet },
    async confirm (ticket, ids) {
      const confirmed = await Promise.all(channels.map(async (channel) => {
        const { destination: { wait = false } } = channel
        const sent = send(channel, ticket, ids)
        if (wait === false) return true
        return endingBy(stopped.signal, wait, async (end) =>
          await settledBy(end, sent) || relayed(channel, ids, end))
      }))
      return !confirmed.includes(false)
    },
    start () { for (const { relay } of channels) relay.start() },
    async stop () {
      stopped.abort()
      for (const { sender } of channels) sender.stop()
      await Promise.all(channels.map(({ relay }) => relay.stop()))
    },
    status: () => Promise.all(channels.map(async ({ rows, destination: { name } }) => {
      const { pending, oldest, dead } = await rows.backlog()
      const age = oldest === undefined ? 0 : Math.max(0, Date.now() - Date.parse(oldest))
      return { destination: name, pending, oldest: age, dead }
    })),
    async deadLetters (only, limit = 100) {
      const letters: DeadLetter[] = []
      for (const { rows, destination: { name } } of channels) {
        if (only === undefined || only === name) letters.push(...await rows.dead(limit))
      }
      return letters.slice(0, limit)
    },
    async retry (letters) {
      for (const { rows, destination: { name } } of channels) {
        await rows.revive(letters.filter(({ destination }) => destination === name))
      }
    }
  }
}

/** Purges on behalf of a write; returns whether the destination has confirmed. Never rejects. */
async function send (
  { destination: { name, again }, rows, sender, ongoing }: Channel,
  { tags }: Ticket,
  ids: readonly string[]
): Promise<boolean> {
  for (const id of ids) ongoing.add(id)
  const end = () => { for (const id of ids) ongoing.delete(id) }
  try {
    await sender.send(tags)
  } catch {
    // The relay has it from here.
    end()
    return false
  }
  const sent = ids.map((id, place): EdgeRow => ({ id, tag: tags[place] ?? '', created: '' }))
  // A row that stays is delivered once more, and then its second purge is noted.
  rows.finish(sent, again).catch((error: unknown) => {
    emit('weir:edge:error', { destination: name, operation: 'table', error })
  }).finally(end).catch(() => {})
  return true
}

/**
 * Runs `work` with a signal that aborts after `ms`, or when the edge stops.
 *
 * Its own timer: Node may collect a signal of `AbortSignal.any` before it has aborted.
 */
async function endingBy<T> (
  stopped: AbortSignal, ms: number | true, work: (end: AbortSignal) => Promise<T>
): Promise<T> {
  const controller = new AbortController()
  const abort = () => { controller.abort() }
  if (stopped.aborted) abort()
  stopped.addEventListener('abort', abort)
  const timer = ms === true ? undefined : setTimeout(abort, ms)
  try {
    return await work(controller.signal)
  } finally {
    clearTimeout(timer)
    stopped.removeEventListener('abort', abort)
  }
}

/** Returns whether a relay, of any instance, delivers the rows before the end. Never rejects. */
async function relayed (
  { destination: { name }, rows }: Channel, ids: readonly string[], end: AbortSignal
): Promise<boolean> {
  while (!end.aborted) {
    try {
      if (!await rows.hasAny(ids)) return (await rows.dead(1, ids)).length === 0
    } catch (error) {
      emit('weir:edge:error', { destination: name, operation: 'table', error })
    }
    await wait(LOOK, undefined, { signal: end }).catch(() => {})
  }
  return false
}

/** Returns the result, or false at the end if there is none by then. */
async function settledBy (end: AbortSignal, result: Promise<boolean>): Promise<boolean> {
  if (end.aborted) return false
  let late = () => {}
  const ended = new Promise<boolean>((resolve) => { late = () => { resolve(false) } })
  end.addEventListener('abort', late)
  return Promise.race([result, ended]).finally(() => { end.removeEventListener('abort', late) })
}
