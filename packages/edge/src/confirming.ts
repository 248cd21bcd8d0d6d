import { setTimeout as wait } from 'node:timers/promises'
import type { Ticket } from '@weir/outbox'
import type { EdgeDestination } from './destination.js'
import { emit } from './events.js'
import type { EdgeRelay } from './relay.js'
import type { EdgeRow, Rows } from './rows.js'
import type { Sender } from './sender.js'

/** One destination, and its rows. */
export interface Channel {
  readonly destination: EdgeDestination
  readonly rows: Rows
  readonly sender: Sender
  readonly relay: EdgeRelay
  readonly ongoing: Set<string>
}

/** Milliseconds between two looks whether a relay has delivered. */
const LOOK = 100

/**
 * Purges the destination on behalf of a write, and waits as long as that is told to. Returns false
 * if the destination has not confirmed by then. Never rejects.
 */
export async function confirm (
  channel: Channel, ticket: Ticket, ids: readonly string[], stopped: AbortSignal
): Promise<boolean> {
  const { destination: { wait = false } } = channel
  const sent = send(channel, ticket, ids)
  if (wait === false) return true
  return endingBy(stopped, wait, async (end) =>
    await settledBy(end, sent) || settledBy(end, relayed(channel, ids, end)))
}

/**
 * Purges the destination without rows, and waits as long as it is told to. Returns false if it has
 * not confirmed by then. Never rejects.
 */
export async function confirmOnce (
  { destination: { wait = false }, sender }: Channel, tags: readonly string[], stopped: AbortSignal
): Promise<boolean> {
  const sent = sender.send(tags).then(() => true, () => false)
  return wait === false || endingBy(stopped, wait, (end) => settledBy(end, sent))
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
